#include "acme/manager.hpp"

#include "base/file.hpp"
#include "tests/acme/records_in_memory.hpp"
#include "tests/acme/stand_ins.hpp"
#include "tests/acme/strange_ca.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using texts = std::vector<std::string>;

store::certificate_record held(const std::string& id, texts names, const std::string& issuer = "ours")
{
    store::certificate_record made;
    made.id = id;
    made.names = std::move(names);
    made.issuer = issuer;
    made.not_before = wall_clock::now() - 1h;
    made.not_after = made.not_before + 90 * 24h;
    return made;
}

class Manager : public testing::Test {
protected:
    Manager()
    {
        settings.accept_terms = true;
        settings.name_servers = {net::address::of_ip("127.0.0.1", 9).value()};
        auto& ours = settings.issuers["ours"];
        ours.name = "ours";
        ours.directory = ca.url("/dir");
        ours.is_private = true;
        settings.issuers["public"] = ours;
        settings.issuers["public"].name = "public";
        settings.issuers["public"].is_private = false;
    }

    /// With what the disk has by now.
    manager& begin()
    {
        records.emplace(vault::open(std::make_unique<records_in_memory>(on_disk)).value());
        made.emplace(manager::parts{home, fetcher, board, *records, served, settings, disk_pause},
                     [this] { ++changes; });
        return *made;
    }

    void run_until(std::function<bool()> done)
    {
        bool came = false;
        auto watch = [](net::worker& loop, manager& which, const std::function<bool()>& is_done,
                        bool& did) -> task<void> {
            net::task_group running(loop);
            running.spawn("manager", which.run());
            net::event never(loop);
            auto deadline = steady_clock::now() + 10s;
            while (!(did = is_done()) && steady_clock::now() < deadline) {
                co_await never.wait_until(steady_clock::now() + 10ms);
            }
            running.stop();
            co_await running.join();
        };
        home.complete(watch(home, *made, done, came));
        EXPECT_TRUE(came);
    }

    manager::state only_state() const
    {
        auto all = made->states();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? manager::state{} : all.front();
    }

    strange_ca ca;
    net::worker home;
    http::fetcher fetcher{home};
    notice_board board;
    certificate_settings settings;
    disk on_disk;
    shelf served;
    duration disk_pause = 30s;
    int changes = 0;
    std::optional<vault> records;
    std::optional<manager> made;
};

TEST_F(Manager, AsksNobodyWhoComesAfterTheLocalCa)
{
    settings.preflight = preflight_mode::off;
    begin().want({{{"a.test"}, {"local", "ours"}}, {{"b.test"}, {"ours"}}});
    run_until([&] { return !made->states().back().why.empty() && made->states().back().what == "waiting"; });
    EXPECT_EQ(made->states().front().what, "local");
    EXPECT_LT(changes, 4) << "it does not go round and round";
    EXPECT_EQ(ca.requests("GET /dir").size(), 1U) << "for b.test";
}

TEST_F(Manager, SaysWhatIsWrongWithOneNameOfSeveral)
{
    begin().want({{{"a.example.com", "a.internal"}, {"public"}}, {{"b.internal"}, {"public"}}});
    auto told = made->problems();
    ASSERT_EQ(told.size(), 1U) << "a name that is private as a whole is as it should be";
    EXPECT_TRUE(told[0].what.contains("a.internal")) << told[0].what;
}

TEST_F(Manager, SaysThatAWordOfTheOwnersIsAwaitedWhateverTheName)
{
    settings.accept_terms = false;
    begin().want({{{"a.test"}, {"ours"}}, {{"b.test"}, {"public"}}});
    auto told = made->problems();
    ASSERT_EQ(told.size(), 1U) << "nobody would issue b.test";
    EXPECT_EQ(told[0].where, "certificate of a.test");
    EXPECT_TRUE(told[0].what.contains("set email")) << told[0].what;
}

TEST_F(Manager, LeavesToFilesWhatTheyCover)
{
    auto due = held("1", {"a.test"});
    due.not_before = wall_clock::now() - 89 * 24h;
    due.not_after = due.not_before + 90 * 24h;
    on_disk.before.certificates["1"] = due;
    begin().want({{{"a.test"}, {"ours"}}});
    EXPECT_EQ(only_state().what, "due");
    model::certificate of_file;
    of_file.names = {"*.test"};
    served.put_files({{"f", of_file}});
    EXPECT_EQ(only_state().what, "valid");
    auto refused = made->renew("a.test");
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().what.contains("yours to renew")) << refused.error().what;
}

TEST_F(Manager, KnowsItsAddressesAsCertificatesHaveThem)
{
    on_disk.before.certificates["1"] = held("1", {"2606:4700::1"});
    certificate_settings plain = settings;
    plain.default_issuers = {"ours"};
    begin().want(collect_wants({{"[2606:4700::1]", {{"r", false}}}}, {}, plain).all);
    EXPECT_EQ(only_state().what, "valid");
    EXPECT_EQ(made->waits_for("[2606:4700::1]"), "");
}

TEST_F(Manager, LeavesNamesToTheWildcardThatIsRenewed)
{
    auto wildcard = held("1", {"*.a.test"});
    wildcard.not_before = wall_clock::now() - 61 * 24h;
    wildcard.not_after = wildcard.not_before + 90 * 24h;
    on_disk.before.certificates["1"] = wildcard;
    begin().want({{{"*.a.test"}, {"ours"}}, {{"x.a.test"}, {"ours"}}});
    auto all = made->states();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].what, "due");
    EXPECT_EQ(all[1].what, "valid") << "the wildcard's renewal will do for it";

    made->want({{{"x.a.test"}, {"ours"}}});
    EXPECT_EQ(only_state().what, "due") << "nobody renews the wildcard";
}

TEST_F(Manager, IsNotHeldForAsLongAsAClockWasAhead)
{
    auto next_year = wall_clock::now() + 365 * 24h;
    on_disk.before.setbacks["ours a.test"] = {"ours a.test", 3, next_year, next_year + 10min, "no answer", false};
    begin().want({{{"a.test"}, {"ours"}}});
    run_until([&] { return only_state().next_try <= wall_clock::now() + 10min; });
}

class ManagerWithAnOrder : public Manager {
protected:
    ManagerWithAnOrder()
    {
        auto key = account_key::generate();
        on_disk.before.accounts[ca.url("/dir")] = {ca.url("/dir"), key.pem(), ca.url("/account/1"), {}, ""};
        store::order_record order;
        order.id = "o";
        order.issuer = "ours";
        order.directory = ca.url("/dir");
        order.names = {"a.test"};
        order.key_pem = pair.key_pem();
        order.url = ca.url("/order/1");
        order.created = wall_clock::now();
        on_disk.before.orders["o"] = order;
        ca.put("/order/1", {200, "", order_with("")});
        ca.put("/cert", {200, "Content-Type: application/pem-certificate-chain\r\n", pair.chain_pem()});
    }

    std::string order_with(const std::string& authorizations) const
    {
        return R"({"status":"valid","identifiers":[{"type":"dns","value":"a.test"}],"authorizations":[)" +
               authorizations + R"(],"finalize":")" + ca.url("/finalize") + R"(","certificate":")" + ca.url("/cert") +
               "\"}";
    }

    tls::made_certificate pair = tls::make_certificate({.names = "DNS:a.test", .days = 80});
};

TEST_F(ManagerWithAnOrder, GoesOnWithItAndKeepsTheCertificate)
{
    begin().want({{{"a.test"}, {"ours"}}});
    run_until([&] { return only_state().what == "valid"; });
    EXPECT_TRUE(records->contents().orders.empty());
    EXPECT_TRUE(served.covers("a.test"));
}

/// By `lintel cert renew`, say: nothing else would come back to it.
TEST_F(ManagerWithAnOrder, FinishesTheRenewalOfWhatIsNotDue)
{
    on_disk.before.certificates["1"] = held("1", {"a.test"});
    on_disk.before.orders["o"].predecessor = "1";
    begin().want({{{"a.test"}, {"ours"}}});
    EXPECT_EQ(only_state().what, "due");
    run_until([&] { return records->contents().orders.empty(); });
    EXPECT_FALSE(records->contents().certificates.contains("1"));
    EXPECT_EQ(records->contents().certificates.size(), 1U);
    EXPECT_EQ(only_state().what, "valid");
}

TEST_F(ManagerWithAnOrder, KeepsTheCertificateOnceTheDiskTakesIt)
{
    int refusals = 0;
    on_disk.refuses = [&](const auto& step) { return !step.certificates.put.empty() && ++refusals < 2; };
    disk_pause = 50ms;
    begin().want({{{"a.test"}, {"ours"}}});
    run_until([&] { return records->contents().certificates.size() == 1; });
    EXPECT_TRUE(served.covers("a.test"));
    EXPECT_EQ(only_state().what, "valid");
}

/// kill -9 while the CA looks: by the next start the order is beyond it.
TEST_F(ManagerWithAnOrder, TakesDownWhatAnEarlierRunLeftInDns)
{
    test::dns_server names;
    test::temporary_folder folder;
    auto script = folder / "exec", heard = folder / "heard";
    ASSERT_TRUE(file::write_atomically(script, "#!/bin/sh\necho \"$1 $2\" >> " + heard + "\n", 0700));
    settings.name_servers = names.where();
    settings.issuers["ours"].dns_exec = script;
    ca.replace("/order/1", {200, "", order_with("\"" + ca.url("/authz/1") + "\"")});
    ca.put("/authz/1",
           {200, "",
            R"({"status":"valid","identifier":{"type":"dns","value":"a.test"},"challenges":[{"type":"dns-01","url":")" +
                ca.url("/chall/1") + R"(","token":"dG9rZW4tb2YtMTI4LWJpdHM","status":"valid"}]})"});
    begin().want({{{"a.test"}, {"ours"}}});
    run_until([&] { return only_state().what == "valid"; });
    auto calls = file::read(heard);
    ASSERT_TRUE(calls) << "the program was not called";
    EXPECT_EQ(*calls, "cleanup _acme-challenge.a.test.\n");
}

}  // namespace
}  // namespace lintel::acme
