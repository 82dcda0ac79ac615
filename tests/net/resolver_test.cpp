#include "net/resolver.hpp"

#include "net/error.hpp"
#include "net/task_group.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::net {
namespace {

using namespace std::chrono_literals;
using test::dns_server;
using test::outcome_of;
using found = result<std::vector<address>>;

std::string text_of(const found& what)
{
    if (!what) return what.error().message();
    std::string out;
    for (const auto& each : *what) out += each.to_string() + ' ';
    return out;
}

class Names : public testing::Test {
protected:
    std::string resolve(const std::string& host) { return text_of(outcome_of(loop, names.resolve(host, 80))); }

    /// Asks until the answer is this one; the time that it took.
    duration until(const std::string& host, const std::string& expected)
    {
        auto start = steady_clock::now();
        auto seen = resolve(host);
        while (seen != expected && steady_clock::now() < start + 5s) {
            test::let_pass(loop, 10ms);
            seen = resolve(host);
        }
        EXPECT_EQ(seen, expected);
        return steady_clock::now() - start;
    }

    worker loop;
    dns_server server;
    resolver names{loop, server.where()};
};

TEST_F(Names, HaveAddressesOfBothFamilies)
{
    server.set("app.test", {"10.0.0.1", "10.0.0.2", "fd00::1"});
    EXPECT_EQ(resolve("app.test"), "[fd00::1]:80 10.0.0.1:80 10.0.0.2:80 ");
}

TEST_F(Names, MayHaveMoreAddressesThanADatagramHolds)
{
    std::vector<std::string> many;
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        many.push_back("10.0.1." + std::to_string(i));
        expected += many.back() + ":80 ";
    }
    server.set("app.test", many);
    EXPECT_EQ(resolve("app.test"), expected);
    EXPECT_EQ(server.questions_over_tcp(), 1);
    server.set("other.test", many);
    EXPECT_EQ(resolve("other.test"), expected);
    EXPECT_EQ(server.questions_over_tcp(), 2);
}

TEST_F(Names, AreAskedForOnceWithinTheirLife)
{
    server.set("app.test", {"10.0.0.1"}, 60);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(resolve("app.test"), "10.0.0.1:80 ");
    EXPECT_EQ(server.questions(), 2);
}

TEST_F(Names, AreAskedForAgainAfterTheirLife)
{
    server.set("app.test", {"10.0.0.1"}, 1);
    EXPECT_EQ(resolve("app.test"), "10.0.0.1:80 ");
    server.set("app.test", {"10.0.0.2"}, 1);
    EXPECT_GT(until("app.test", "10.0.0.2:80 "), 800ms);
}

TEST_F(Names, ThatDoNotExistHaveNoAddress)
{
    EXPECT_EQ(outcome_of(loop, names.resolve("app.test", 80)).error(), errc::name_not_found);
    server.set("app.test", {"10.0.0.1"});
    EXPECT_EQ(resolve("app.test"), "10.0.0.1:80 ") << "an absence is not kept";
}

TEST_F(Names, WithoutARecordOfEitherFamilyHaveNoAddress)
{
    server.set("app.test", {});
    EXPECT_EQ(outcome_of(loop, names.resolve("app.test", 80)).error(), errc::name_not_found);
}

TEST_F(Names, KeepTheirLastGoodAnswerWhileTheServerFails)
{
    server.set("app.test", {"10.0.0.1", "fd00::1"}, 1);
    EXPECT_EQ(resolve("app.test"), "[fd00::1]:80 10.0.0.1:80 ");
    server.be(dns_server::mood::fails);
    auto asked = server.questions();
    auto deadline = steady_clock::now() + 5s;
    while (server.questions() < asked + 4 && steady_clock::now() < deadline) {
        ASSERT_EQ(resolve("app.test"), "[fd00::1]:80 10.0.0.1:80 ");
    }
    EXPECT_GE(server.questions(), asked + 4) << "it goes on asking";
    server.be(dns_server::mood::answers);
    server.set("app.test", {"10.0.0.2"}, 1);
    until("app.test", "10.0.0.2:80 ");
}

TEST_F(Names, KeepTheFamilyWhoseQuestionFailed)
{
    server.set("app.test", {"10.0.0.1", "fd00::1"}, 1);
    EXPECT_EQ(resolve("app.test"), "[fd00::1]:80 10.0.0.1:80 ");
    server.be(dns_server::mood::fails, 28);
    server.set("app.test", {"10.0.0.2"}, 1);
    until("app.test", "[fd00::1]:80 10.0.0.2:80 ");
}

TEST_F(Names, EndWhenTheServerSaysThatTheyDoNotExist)
{
    server.set("app.test", {"10.0.0.1"}, 1);
    EXPECT_EQ(resolve("app.test"), "10.0.0.1:80 ");
    server.forget("app.test");
    until("app.test", "the name has no address");
}

TEST_F(Names, AreNotWaitedForWhereAnOldAnswerWillDo)
{
    server.set("app.test", {"10.0.0.1"}, 1);
    EXPECT_EQ(resolve("app.test"), "10.0.0.1:80 ");
    server.be(dns_server::mood::silent);
    auto asked = server.questions();
    duration longest{};
    for (auto deadline = steady_clock::now() + 5s; server.questions() < asked + 2 && steady_clock::now() < deadline;) {
        auto start = steady_clock::now();
        ASSERT_EQ(resolve("app.test"), "10.0.0.1:80 ");
        longest = std::max<duration>(longest, steady_clock::now() - start);
    }
    ASSERT_GE(server.questions(), asked + 2);
    EXPECT_GT(longest, 100ms) << "an answer that comes in time is worth a little patience";
    EXPECT_LT(longest, 1s);
}

TEST_F(Names, OfOneFamilyDoNotWaitLongForTheOther)
{
    server.set("app.test", {"10.0.0.1", "fd00::1"});
    server.be(dns_server::mood::silent, 28);
    auto start = steady_clock::now();
    EXPECT_EQ(resolve("app.test"), "10.0.0.1:80 ");
    EXPECT_LT(steady_clock::now() - start, 1s);
}

TEST_F(Names, CantBeFoundWhileTheServerFails)
{
    server.be(dns_server::mood::fails);
    EXPECT_EQ(outcome_of(loop, names.resolve("app.test", 80)).error(), errc::resolver_failed);
}

TEST_F(Names, AreNotWaitedForBeyondTheEnd)
{
    server.be(dns_server::mood::silent);
    lookup question(names, "app.test", 80);
    auto start = steady_clock::now();
    EXPECT_EQ(outcome_of(loop, question.run(start + 100ms)).error(), errc::timed_out);
    EXPECT_LT(steady_clock::now() - start, 1s);
}

task<void> note(resolver& of, std::string& into) { into += text_of(co_await of.resolve("app.test", 80)); }

task<void> ask_ten_times(worker& loop, resolver& names, std::string& into)
{
    task_group group(loop);
    for (int i = 0; i < 10; ++i) group.spawn("ask", note(names, into));
    co_await group.join();
}

TEST_F(Names, AreAskedForOnceByManyAtTheSameTime)
{
    server.set("app.test", {"10.0.0.1"});
    std::string all;
    loop.complete(ask_ten_times(loop, names, all));
    EXPECT_EQ(all.size(), 10 * std::string_view("10.0.0.1:80 ").size()) << all;
    EXPECT_EQ(server.questions(), 2);
}

task<void> abort_soon(worker& home, lookup& which)
{
    event pause(home);
    co_await pause.wait_until(steady_clock::now() + 20ms);
    which.abort();
}

task<void> both(worker& home, task<void> first, task<void> second)
{
    task_group group(home);
    group.spawn("first", std::move(first));
    group.spawn("second", std::move(second));
    co_await group.join();
}

TEST_F(Names, AreGivenUpAtOnce)
{
    server.be(dns_server::mood::silent);
    auto question = std::make_unique<lookup>(names, "app.test", 80);
    std::optional<found> outcome;
    auto start = steady_clock::now();
    loop.complete(both(loop, test::keep(question->run(time_point::max()), outcome), abort_soon(loop, *question)));
    EXPECT_EQ(outcome->error(), net::errc::aborted);
    EXPECT_LT(steady_clock::now() - start, 1s);
    question.reset();
    server.be(dns_server::mood::answers);
    server.set("app.test", {"10.0.0.1"});
    EXPECT_EQ(resolve("app.test"), "10.0.0.1:80 ") << "the question went on";
}

TEST_F(Names, AreGivenUpBeforeTheyAreAskedFor)
{
    lookup question(names, "app.test", 80);
    question.abort();
    EXPECT_EQ(outcome_of(loop, question.run(time_point::max())).error(), net::errc::aborted);
    EXPECT_EQ(server.questions(), 0);
}

TEST_F(Names, AreForgottenFromTheOldestOn)
{
    auto host = [](std::size_t i) { return "n" + std::to_string(i) + ".test"; };
    for (std::size_t i = 0; i <= resolver::most_names; ++i) {
        server.set(host(i), {"10.0.0.1"});
        ASSERT_EQ(resolve(host(i)), "10.0.0.1:80 ");
    }
    auto asked = server.questions();
    EXPECT_EQ(resolve(host(1)), "10.0.0.1:80 ");
    EXPECT_EQ(server.questions(), asked) << "this one is still known";
    EXPECT_EQ(resolve(host(0)), "10.0.0.1:80 ");
    EXPECT_EQ(server.questions(), asked + 2);
}

TEST(Resolver, TakesAddressesAsTheyAre)
{
    worker loop;
    resolver names(loop);
    auto six = outcome_of(loop, names.resolve("::1", 80)).value();
    ASSERT_EQ(six.size(), 1U);
    EXPECT_EQ(six[0].to_string(), "[::1]:80");
}

TEST(Resolver, KnowsLocalhost)
{
    worker loop;
    resolver names(loop);
    for (int i = 0; i < 2; ++i) {
        auto found = outcome_of(loop, names.resolve("localhost", 80));
        ASSERT_TRUE(found) << found.error().message();
        ASSERT_FALSE(found->empty());
        for (const auto& each : *found) {
            EXPECT_TRUE(each.ip() == "127.0.0.1" || each.ip() == "::1") << each.to_string();
            EXPECT_EQ(each.port(), 80);
        }
    }
}

TEST(Resolver, SaysThatANameDoesNotExist)
{
    worker loop;
    resolver names(loop);
    // c-ares answers for .onion itself (RFC 7686 §2): no name server is asked.
    EXPECT_EQ(outcome_of(loop, names.resolve("a.onion", 80)).error(), errc::name_not_found);
}

TEST(Resolver, ForgetsAQuestionWhoseTaskWasStopped)
{
    worker loop;
    auto names = std::make_unique<resolver>(loop);
    auto ask = [](resolver& of) -> task<void> { (void)co_await of.resolve("a.invalid", 80); };
    auto ask_and_stop = [](worker& home, task<void> question) -> task<void> {
        task_group group(home);
        group.spawn("ask", std::move(question));
        group.stop();
        co_await group.join();
    };
    loop.complete(ask_and_stop(loop, ask(*names)));
    names.reset();  // the answer comes now at the latest, when nobody waits for it
}

TEST(Resolver, GoesWhileItsServerIsSilent)
{
    dns_server server;
    server.be(dns_server::mood::silent);
    worker loop;
    auto names = std::make_unique<resolver>(loop, server.where());
    auto question = std::make_unique<lookup>(*names, "app.test", 80);
    EXPECT_FALSE(outcome_of(loop, question->run(steady_clock::now() + 20ms)));
    question.reset();
    names.reset();
    test::let_pass(loop, 150ms);  // what c-ares had waited for would come now
}

}  // namespace
}  // namespace lintel::net
