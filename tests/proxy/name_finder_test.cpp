#include "proxy/name_finder.hpp"

#include "net/task_group.hpp"
#include "proxy/routing/table_builder.hpp"
#include "tests/support/run_until.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

using namespace std::chrono_literals;

TEST(PublicNames, AreWhatACertificateAuthorityCouldBeAskedFor)
{
    for (const auto* name : {"a.example", "a-b.c.example", "xn--bcher-kva.example", "1.example", "a.b.c.d.e"}) {
        EXPECT_TRUE(may_be_public(name)) << name;
    }
    auto label = std::string(63, 'a');
    EXPECT_TRUE(may_be_public(label + ".example"));
    EXPECT_FALSE(may_be_public(label + "a.example"));
    EXPECT_FALSE(may_be_public(label + "." + label + "." + label + "." + label + ".example")) << "254 and more";
    for (const auto* name : {"", "localhost", ".", "a.", ".a", "a..b", "192.0.2.1", "1.2", "*.a.example", "a_b.example",
                             "-a.example", "a-.example", "a b.example", "a.example:443", "bücher.example"}) {
        EXPECT_FALSE(may_be_public(name)) << name;
    }
}

class NameFinder : public testing::Test {
protected:
    void TearDown() override
    {
        finder.give_up();
        EXPECT_TRUE(test::run_until(home, [&] { return tasks.size() == 0; }));
    }

    /// A router with `ask` comes or goes.
    void put(std::string ask, const std::string& rule = "PathPrefix(`/`)")
    {
        model::delta step;
        auto& router = step.upsert.routers["on-demand"];
        router.rule = rule;
        router.refusal = "nothing is behind it";
        router.ask = std::move(ask);
        tables.publish(builder.apply(step).table);
    }

    void certify(const std::string& name)
    {
        tls::certificate_store::certificates more;
        more[name] = {.names = {name}, .chain_pem = "", .key_pem = "", .chain_file = "", .key_file = ""};
        auto now = certificates.load();
        certificates.publish(std::make_shared<tls::store>(now->certificates.after(more, {}), now->options));
        finder.look_again();
    }

    task<void> wait_for(std::string name, time_point end)
    {
        co_await finder.found(name, end);
        returned.push_back(name);
    }
    void begin(const std::string& name, duration limit = 5s)
    {
        auto asked_before = asked.size();
        tasks.spawn("handshake", wait_for(name, steady_clock::now() + limit));
        ASSERT_TRUE(test::run_until(home, [&] { return asked.size() > asked_before; }));
    }
    bool returns(std::size_t how_many)
    {
        return test::run_until(home, [&] { return returned.size() == how_many; });
    }

    using names = std::vector<std::string>;
    net::worker home;
    table_builder builder{{{"https", {}}}, 1};
    net::snapshot_cell<route_table> tables{std::make_shared<route_table>()};
    net::snapshot_cell<route_table>::reader routes{tables};
    tls::store_cell certificates{std::make_shared<tls::store>()};
    tls::server published{certificates};
    names asked, returned;
    name_finder finder{home, routes, published, {2, 5s}, [this](std::string name) { asked.push_back(name); }};
    net::task_group tasks{home};
};

TEST_F(NameFinder, WaitsWhereARouterAsksAboutAnyHost)
{
    EXPECT_FALSE(finder.is_pending("a.example")) << "nobody asks";
    put("http://app/allowed");
    EXPECT_TRUE(finder.is_pending("a.example"));
    EXPECT_FALSE(finder.is_pending("localhost"));
    put("http://app/allowed", "Host(`a.example`)");
    EXPECT_FALSE(finder.is_pending("a.example")) << "the router is for certain hosts";
    put("http://app/allowed", "PathPrefix(`/x`)");
    EXPECT_TRUE(finder.is_pending("a.example"));
    put("");
    EXPECT_FALSE(finder.is_pending("a.example"));
    put("http://app/allowed");
    model::delta gone;
    gone.remove.routers = {"on-demand"};
    tables.publish(builder.apply(gone).table);
    EXPECT_FALSE(finder.is_pending("a.example"));
}

TEST_F(NameFinder, LetsGoOnWhenTheNameIsCovered)
{
    put("http://app/allowed");
    begin("a.example");
    begin("x.b.example");
    EXPECT_EQ(asked, (names{"a.example", "x.b.example"}));
    certify("other.example");
    certify("*.b.example");
    ASSERT_TRUE(returns(1));
    EXPECT_EQ(returned, names{"x.b.example"}) << "the other one waits on";
    EXPECT_EQ(finder.waiting(), 1U);
    certify("a.example");
    EXPECT_TRUE(returns(2));
    EXPECT_EQ(finder.waiting(), 0U);
}

TEST_F(NameFinder, LetsThoseGoOnWhoseNameIsRefused)
{
    put("http://app/allowed");
    begin("a.example");
    begin("b.example");
    finder.refuse("a.example");
    ASSERT_TRUE(returns(1));
    EXPECT_EQ(returned, names{"a.example"});
    EXPECT_EQ(finder.waiting(), 1U);
}

TEST_F(NameFinder, AsksAgainWhileItWaits)
{
    put("http://app/allowed");
    begin("a.example");
    EXPECT_TRUE(test::run_until(home, [&] { return asked.size() == 3; })) << "control may have forgotten it";
    EXPECT_TRUE(returned.empty());
}

TEST_F(NameFinder, GivesUpAtTheEarlierOfTwoEnds)
{
    put("http://app/allowed");
    begin("a.example", 10ms);
    EXPECT_TRUE(returns(1));
    name_finder hasty(home, routes, published, {1, 10ms}, [](const std::string&) {});
    auto began = steady_clock::now();
    home.complete(hasty.found("a.example", began + 5s));
    EXPECT_LT(steady_clock::now() - began, 4s);
}

TEST_F(NameFinder, HasSoManyWaitAtOnce)
{
    put("http://app/allowed");
    begin("a.example");
    EXPECT_TRUE(finder.is_pending("b.example"));
    begin("a.example");
    EXPECT_FALSE(finder.is_pending("b.example"));
    certify("a.example");
    ASSERT_TRUE(returns(2));
    EXPECT_TRUE(finder.is_pending("b.example"));
    begin("b.example");
    finder.give_up();
    EXPECT_TRUE(returns(3));
    EXPECT_FALSE(finder.is_pending("b.example")) << "the edge is about to end";
}

TEST(AskedNames, AreDueOnceASecond)
{
    asked_names names;
    auto now = steady_clock::now();
    EXPECT_TRUE(names.is_due("a.example", now));
    EXPECT_FALSE(names.is_due("a.example", now + 999ms));
    EXPECT_TRUE(names.is_due("b.example", now + 999ms));
    EXPECT_TRUE(names.is_due("a.example", now + 1s));
    EXPECT_FALSE(names.is_due("a.example", now + 1s));
}

TEST(AskedNames, AreSoManyAtMost)
{
    asked_names names;
    auto now = steady_clock::now();
    for (std::size_t i = 0; i < asked_names::most; ++i) ASSERT_TRUE(names.is_due(std::to_string(i), now));
    EXPECT_FALSE(names.is_due("one more", now));
    EXPECT_FALSE(names.is_due("0", now));
    EXPECT_TRUE(names.is_due("one more", now + 1s)) << "the others are forgotten";
}

}  // namespace
}  // namespace lintel::proxy
