#include "acme/dns_challenge.hpp"

#include "acme/dns_zone.hpp"
#include "net/dns_message.hpp"
#include "net/dns_query.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <fstream>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using test::outcome_of;

TEST(ChallengeText, IsTheDigestOfTheKeyAuthorization)
{
    // printf %s … | openssl dgst -sha256 -binary | basenc --base64url
    EXPECT_EQ(challenge_text("token.thumbprint"), "61rBZ_4knHblO0MNoxFsXZ_eTFUHum0B6IVRbhvUn5I");
}

/// A name server that knows only aliases.
class Aliases : public testing::Test {
protected:
    void lead(std::map<std::string, std::string> aliases)
    {
        server.follow([aliases = std::move(aliases)](const std::string& question) {
            auto asked = net::read_dns_message(question).value().questions.at(0);
            auto known = aliases.find(asked.name);
            net::dns_builder out;
            out.bytes(question.substr(0, 2)).u16(net::dns_flag::response | (known == aliases.end() ? 3U : 0U));
            out.u16(1).u16(known == aliases.end() ? 0 : 1).u16(0).u16(0);
            out.bytes(question.substr(net::dns_header_bytes));
            if (known == aliases.end()) return out.text();
            auto target = net::dns_builder().name(known->second).text();
            out.name(asked.name).u16(5).u16(net::dns_class_in).u32(60);
            return out.u16(static_cast<unsigned>(target.size())).bytes(target).text();
        });
    }

    checked<std::string> record_of(const std::string& name)
    {
        return outcome_of(loop, challenge_record(loop, server.where(), name));
    }

    net::worker loop;
    test::dns_server server;
};

TEST_F(Aliases, AreFollowedToWhereTheRecordHasToBe)
{
    lead({{"_acme-challenge.a.test", "one.other"}, {"one.other", "two.other"}});
    EXPECT_EQ(record_of("a.test"), "two.other");
    EXPECT_EQ(record_of("*.A.test"), "two.other");
    EXPECT_EQ(record_of("*.b.test"), "_acme-challenge.b.test");
}

TEST_F(Aliases, ThatLeadInACircleAreAProblem)
{
    lead({{"_acme-challenge.a.test", "one.other"}, {"one.other", "_acme-challenge.a.test"}});
    auto record = record_of("a.test");
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().where, "_acme-challenge.a.test");
}

TEST_F(Aliases, CanNotBeFollowedWhereNobodyAnswers)
{
    server.be(test::dns_server::mood::fails);
    auto record = record_of("a.test");
    ASSERT_FALSE(record);
    EXPECT_NE(record.error().what.find("SERVFAIL"), std::string::npos) << record.error().what;
}

class ExecWriter : public testing::Test {
protected:
    /// A shell script.
    std::string program(const std::string& body)
    {
        auto path = folder / "hook";
        std::ofstream(path) << "#!/bin/sh\n" << body;
        ::chmod(path.c_str(), 0700);
        return path;
    }

    std::string present(const std::string& what, duration limit = 10s)
    {
        auto writer = make_exec_writer(loop, what, limit);
        auto done = outcome_of(loop, writer->present("_acme-challenge.a.test", "value"));
        return done ? "" : done.error().what;
    }

    std::string text_of(const std::string& name)
    {
        std::ifstream file(folder / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    test::temporary_folder folder;
    net::worker loop;
};

TEST_F(ExecWriter, CallsTheProgramAsLegoDoes)
{
    auto writer = make_exec_writer(loop, program("printf '[%s]' \"$@\" >>" + (folder / "seen") + "\necho done\n"), 10s);
    EXPECT_TRUE(outcome_of(loop, writer->present("_acme-challenge.a.test", "-value_1")));
    EXPECT_EQ(text_of("seen"), "[present][_acme-challenge.a.test.][-value_1]");
    EXPECT_TRUE(outcome_of(loop, writer->clean_up("_acme-challenge.a.test", "-value_1")));
    EXPECT_TRUE(text_of("seen").ends_with("[cleanup][_acme-challenge.a.test.][-value_1]")) << text_of("seen");
}

TEST_F(ExecWriter, TellsWhatTheProgramSaysWhenItFails)
{
    EXPECT_EQ(present(program("echo 'no such zone' >&2; echo 'give up' >&2; exit 3\n")),
              "\"present\" for _acme-challenge.a.test failed with exit status 3: no such zone give up");
    EXPECT_EQ(present(program("kill -TERM $$\n")),
              "\"present\" for _acme-challenge.a.test was ended by the signal Terminated");
}

TEST_F(ExecWriter, TellsTheEndOfWhatIsLongAndLetsNobodyBlockOnIt)
{
    auto told =
        present(program("i=0; while [ $i -lt 5000 ]; do echo 'line after line after line' >&2; i=$((i+1)); "
                        "done; echo 'the reason' >&2; exit 1\n"));
    EXPECT_TRUE(told.ends_with("the reason")) << told;
    EXPECT_LT(told.size(), 600U);
}

TEST_F(ExecWriter, SaysWhyAProgramDoesNotStart)
{
    EXPECT_EQ(present(folder / "nothing"), "it does not start: No such file or directory");
}

TEST_F(ExecWriter, EndsAProgramAndItsChildrenAtTheLimit)
{
    auto hook = program("echo waiting >&2\nsleep 300 &\necho $! >" + (folder / "pid") + "\nwait\n");
    auto start = steady_clock::now();
    EXPECT_EQ(present(hook, 1s),
              "\"present\" for _acme-challenge.a.test was ended because it took longer than 1 s: waiting");
    EXPECT_LT(steady_clock::now() - start, 30s);
    auto sleeper = std::stoi(text_of("pid"));
    auto gone = [sleeper] {
        std::ifstream file("/proc/" + std::to_string(sleeper) + "/stat");
        std::string text{std::istreambuf_iterator<char>(file), {}};
        return text.empty() || text.find(") Z ") != std::string::npos;
    };
    for (auto end = steady_clock::now() + 5s; !gone() && steady_clock::now() < end;) test::let_pass(loop, 10ms);
    EXPECT_TRUE(gone());
}

TEST_F(ExecWriter, DoesNotWaitForWhatAProgramLeavesBehind)
{
    auto start = steady_clock::now();
    EXPECT_EQ(present(program("sleep 20 & echo $! >" + (folder / "pid") + "\n"), 60s), "");
    EXPECT_LT(steady_clock::now() - start, 15s) << "it holds stderr, but that is nobody's business";
    ::kill(std::stoi(text_of("pid")), SIGKILL);
}

TEST_F(ExecWriter, LeavesTheLoopToOthersWhileAProgramRuns)
{
    auto writer = make_exec_writer(loop, program("while [ ! -e " + (folder / "go") + " ]; do sleep 0.01; done\n"), 30s);
    bool touched = false;
    net::alarm other(loop, [&] {
        std::ofstream(folder / "go") << "";
        touched = true;
    });
    other.set(steady_clock::now() + 50ms);
    EXPECT_TRUE(outcome_of(loop, writer->present("a", "b")));
    EXPECT_TRUE(touched);
}

}  // namespace
}  // namespace lintel::acme
