#include "net/dns_channel.hpp"

#include "tests/support/dns_server.hpp"
#include "tests/support/run_until.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>

namespace lintel::net {
namespace {

class DnsChannel : public testing::Test {
protected:
    dns_answer ask(const std::string& host)
    {
        std::optional<dns_answer> out;
        channel.ask(host, AF_INET, [&](dns_answer answer) { out = std::move(answer); });
        EXPECT_TRUE(test::run_until(home, [&] { return out.has_value(); }));
        return out.value_or(dns_answer{});
    }

    worker home;
    test::dns_server server;
    dns_channel channel{home, server.where()};
};

TEST_F(DnsChannel, TellsNoNameFromNoAddress)
{
    server.set("v6.test", {"2001:db8::1"});
    auto other_family = ask("v6.test");
    EXPECT_TRUE(other_family.what == dns_answer::kind::absent && !other_family.no_name);
    auto missing = ask("missing.test");
    EXPECT_TRUE(missing.what == dns_answer::kind::absent && missing.no_name);
    server.be(test::dns_server::mood::fails);
    auto unknown = ask("v6.test");
    EXPECT_TRUE(unknown.what == dns_answer::kind::failed && !unknown.no_name);
}

TEST_F(DnsChannel, AsksOnlyNameServersForNamesWithATrailingDot)
{
    std::ifstream file("/etc/hosts");
    int names = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string ip, name;
        words >> ip;
        while (ip.starts_with("127.") && words >> name) {
            ++names;
            EXPECT_EQ(ask(name + '.').what, dns_answer::kind::absent) << name;
        }
    }
    EXPECT_EQ(server.questions(), names);
    if (names == 0) GTEST_SKIP() << "/etc/hosts has no name that could be found by mistake";
}

}  // namespace
}  // namespace lintel::net
