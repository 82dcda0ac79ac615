#include "net/dns_query.hpp"

#include "net/dns_message.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::net {
namespace {

using namespace std::chrono_literals;
using test::dns_server;
using test::outcome_of;
using kind = dns_reply::kind;

constexpr unsigned no_error = 0, server_failure = 2, no_such_name = 3, refused = 5;

std::string record(const std::string& owner, dns_type type, const std::string& data)
{
    dns_builder out;
    out.name(owner).u16(std::to_underlying(type)).u16(dns_class_in).u32(60);
    return out.u16(static_cast<unsigned>(data.size())).bytes(data).text();
}

std::string name_data(const std::string& name) { return dns_builder().name(name).text(); }

std::string txt_data(const std::string& text)
{
    return dns_builder().u8(static_cast<unsigned>(text.size())).bytes(text).text();
}

std::string soa_data() { return dns_builder().name("ns.test").name("root.test").bytes(std::string(20, '\1')).text(); }

/// What a server says: its code, and records that the test has written.
struct speech {
    unsigned rcode = no_error;
    std::vector<std::string> answers{}, authority{};
    unsigned flags = dns_flag::response | dns_flag::authoritative;
};

std::string answer_to(const std::string& question, const speech& what)
{
    dns_builder out;
    out.bytes(question.substr(0, 2)).u16(what.flags | what.rcode).u16(1);
    out.u16(static_cast<unsigned>(what.answers.size())).u16(static_cast<unsigned>(what.authority.size())).u16(0);
    out.bytes(question.substr(dns_header_bytes));
    for (const auto& each : what.answers) out.bytes(each);
    for (const auto& each : what.authority) out.bytes(each);
    return out.text();
}

class Questions : public testing::Test {
protected:
    void say(const speech& what)
    {
        server.follow([what](const std::string& question) { return answer_to(question, what); });
    }

    dns_reply ask(const std::string& name, dns_type type, bool recursion = true)
    {
        return outcome_of(loop, query(loop, server.where(), name, type, recursion, 5s));
    }

    worker loop;
    dns_server server;
};

TEST_F(Questions, HaveTheTextsOfAName)
{
    auto two_strings = txt_data("one, ") + txt_data("two");
    say({.answers = {record("a.test", dns_type::txt, two_strings), record("a.test", dns_type::txt, txt_data("x"))}});
    auto reply = ask("A.test.", dns_type::txt);
    EXPECT_EQ(reply.what, kind::found) << reply.why;
    EXPECT_EQ(reply.values, (std::vector<std::string>{"one, two", "x"}));
}

TEST_F(Questions, HaveNamesInLowerCaseWithoutTheLastDot)
{
    say({.answers = {record("a.test", dns_type::ns, name_data("NS1.Test."))}});
    EXPECT_EQ(ask("a.test", dns_type::ns).values, std::vector<std::string>{"ns1.test"});
    say({.answers = {record("a.test", dns_type::cname, name_data("b.test"))}});
    EXPECT_EQ(ask("a.test", dns_type::cname).values, std::vector<std::string>{"b.test"});
    say({.answers = {record("a.test", dns_type::soa, soa_data())}});
    EXPECT_EQ(ask("a.test", dns_type::soa).values, std::vector<std::string>{"a.test"});
}

TEST_F(Questions, ReadWhoMayIssue)
{
    auto data = dns_builder().u8(128).u8(5).bytes("Issueca.test; x=y").text();
    say({.answers = {record("a.test", dns_type::caa, data)}});
    EXPECT_EQ(ask("a.test", dns_type::caa).values, std::vector<std::string>{"128 issue ca.test; x=y"});
}

TEST_F(Questions, TellANameWithoutSuchARecordFromNoName)
{
    say({.authority = {record("test", dns_type::soa, soa_data())}});
    auto reply = ask("a.b.test", dns_type::txt);
    EXPECT_EQ(reply.what, kind::absent);
    EXPECT_EQ(reply.zone, "test");
    say({.rcode = no_such_name, .authority = {record("b.test", dns_type::soa, soa_data())}});
    reply = ask("a.b.test", dns_type::txt);
    EXPECT_EQ(reply.what, kind::no_name);
    EXPECT_EQ(reply.zone, "b.test");
}

TEST_F(Questions, DoNotFollowAliases)
{
    auto alias = record("a.test", dns_type::cname, name_data("b.other"));
    say({.answers = {alias, record("b.other", dns_type::txt, txt_data("not of a.test"))}});
    EXPECT_EQ(ask("a.test", dns_type::txt).what, kind::absent);
    say({.rcode = no_such_name, .answers = {alias}, .authority = {record("other", dns_type::soa, soa_data())}});
    auto reply = ask("a.test", dns_type::txt);
    EXPECT_EQ(reply.what, kind::absent) << "the name is there, its target isn't";
    EXPECT_EQ(reply.zone, "") << "this is the target's";
}

TEST_F(Questions, SayWhyThereIsNoAnswer)
{
    auto where = server.where()[0].to_string();
    say({.rcode = server_failure});
    EXPECT_EQ(ask("a.test", dns_type::txt).why, where + ": SERVFAIL");
    say({.rcode = refused});
    EXPECT_EQ(ask("a.test", dns_type::txt).why, where + ": REFUSED");
    say({.answers = {record("a.test", dns_type::txt, "\x7Ftoo short")}});
    EXPECT_EQ(ask("a.test", dns_type::txt).why, where + ": a record that can't be read");
    say({.authority = {record("test", dns_type::ns, name_data("ns.test"))}, .flags = dns_flag::response});
    EXPECT_EQ(ask("a.test", dns_type::txt).why, where + ": it refers to other servers in place of an answer");
    EXPECT_EQ(ask("a..test", dns_type::txt).why, "\"a..test\" is no name");
}

TEST_F(Questions, WantRecursionOnlyWhereTold)
{
    server.follow([](const std::string& question) {
        bool wanted = (dns_reader(question, 2).u16() & dns_flag::recursion_wanted) != 0;
        auto text = record("a.test", dns_type::txt, txt_data(wanted ? "recursion" : "none"));
        return answer_to(question, {.answers = {text}});
    });
    EXPECT_EQ(ask("a.test", dns_type::txt, true).values, std::vector<std::string>{"recursion"});
    EXPECT_EQ(ask("a.test", dns_type::txt, false).values, std::vector<std::string>{"none"});
}

TEST_F(Questions, AreAskedOnAConnectionWhereTheAnswerIsCutShort)
{
    speech many;
    for (int i = 0; i < 10; ++i) {
        many.answers.push_back(record("a.test", dns_type::txt, txt_data(std::string(200, 'x'))));
    }
    say(many);
    EXPECT_EQ(ask("a.test", dns_type::txt).values.size(), 10U);
    EXPECT_EQ(server.questions_over_tcp(), 1);
}

TEST_F(Questions, AreAskedOfTheNextServerWhereOneFails)
{
    dns_server good;
    say({.rcode = server_failure});
    good.follow([](const std::string& question) {
        return answer_to(question, {.answers = {record("a.test", dns_type::txt, txt_data("here"))}});
    });
    std::vector<address> both{server.where()[0], good.where()[0]};
    EXPECT_EQ(outcome_of(loop, query(loop, both, "a.test", dns_type::txt, true, 5s)).values,
              std::vector<std::string>{"here"});
    EXPECT_EQ(server.questions(), 1);
}

TEST_F(Questions, EndAtTheirLimit)
{
    server.follow([](const std::string&) { return std::string(); });
    auto start = steady_clock::now();
    auto reply = outcome_of(loop, query(loop, server.where(), "a.test", dns_type::txt, true, 300ms));
    EXPECT_EQ(reply.what, kind::failed);
    EXPECT_NE(reply.why, "");
    EXPECT_LT(steady_clock::now() - start, 2s);
}

TEST_F(Questions, TakeNoAnswerToAnotherQuestion)
{
    server.follow([](const std::string& question) {
        auto other = question;
        other[dns_header_bytes + 1] = 'z';
        return answer_to(other, {.answers = {record("a.test", dns_type::txt, txt_data("forged"))}});
    });
    auto reply = outcome_of(loop, query(loop, server.where(), "a.test", dns_type::txt, true, 300ms));
    EXPECT_EQ(reply.what, kind::failed);
}

TEST(NameServers, AreThoseOfResolvConf)
{
    auto servers = name_servers_in("# mine\nsearch x\nnameserver 10.0.0.1\n nameserver\tfd00::1 \nnameserver what\n");
    ASSERT_EQ(servers.size(), 2U);
    EXPECT_EQ(servers[0].to_string(), "10.0.0.1:53");
    EXPECT_EQ(servers[1].to_string(), "[fd00::1]:53");
    EXPECT_EQ(name_servers_in("search x\n").at(0).to_string(), "127.0.0.1:53");
    EXPECT_FALSE(system_name_servers().empty());
}

}  // namespace
}  // namespace lintel::net
