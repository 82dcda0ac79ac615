#include "acme/host_records.hpp"

#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

class HostRecords : public testing::Test {
protected:
    host_records look_up(std::string name, duration limit = 5s)
    {
        return test::outcome_of(home, records_of(home, dns.where(), std::move(name), limit));
    }
    std::string text_of(std::string name)
    {
        std::string out;
        for (const auto& each : look_up(std::move(name)).all) out += each.text + ", ";
        return out;
    }

    net::worker home;
    test::dns_server dns;
};

TEST_F(HostRecords, AreThoseOfBothFamiliesInTurn)
{
    dns.set("app.test", {"192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"});
    EXPECT_EQ(text_of("app.test"), "AAAA 2001:db8::1, A 192.0.2.1, A 192.0.2.2, A 192.0.2.3, ");
    EXPECT_EQ(text_of("192.0.2.9"), "192.0.2.9, ");
    EXPECT_EQ(text_of("2001:db8::9"), "2001:db8::9, ");
}

TEST_F(HostRecords, AreEightAtMost)
{
    std::vector<std::string> many;
    for (int i = 1; i < 20; ++i) many.push_back("192.0.2." + std::to_string(i));
    dns.set("many.test", many);
    EXPECT_EQ(look_up("many.test").all.size(), 8U);
}

TEST_F(HostRecords, LeaveOutWhereNoCaCanGo)
{
    dns.set("app.test", {"169.254.0.1", "192.0.2.1", "fe80::1", "::ffff:192.0.2.7", "::", "0.0.0.0"});
    EXPECT_EQ(text_of("app.test"), "A 192.0.2.1, ");
    dns.set("mapped.test", {"::ffff:192.0.2.7"});
    auto found = look_up("mapped.test");
    EXPECT_TRUE(found.all.empty());
    EXPECT_EQ(found.unreachable, "AAAA ::ffff:192.0.2.7");
}

TEST_F(HostRecords, TellNoNameFromNoAddressAndFromNoAnswer)
{
    EXPECT_TRUE(look_up("missing.test").no_name);
    dns.set("empty.test", {});
    auto empty = look_up("empty.test");
    EXPECT_TRUE(empty.all.empty() && !empty.no_name && !empty.failed);
    dns.be(test::dns_server::mood::silent);
    auto silent = look_up("app.test", 100ms);
    EXPECT_TRUE(silent.failed && !silent.no_name);
}

TEST_F(HostRecords, AreNotThoseOfThisMachine)
{
    auto found = look_up("localhost");
    EXPECT_TRUE(found.all.empty() && found.no_name) << "/etc/hosts has it, a CA doesn't";
    EXPECT_EQ(dns.questions(), 2);
}

}  // namespace
}  // namespace lintel::acme
