#include "acme/wants.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

const std::vector<model::entrypoint> entrypoints{{.name = "http", .address = ":80"},
                                                 {.name = "https", .address = ":443", .tls = true}};

model::router router(const std::string& rule, const char* entrypoint = "https")
{
    model::router made;
    made.rule = rule;
    made.entrypoints = {entrypoint};
    return made;
}

TEST(TlsHosts, AreThoseOfRoutersOnTlsEntrypoints)
{
    model::snapshot desired;
    desired.routers["1"] = router("Host(`a.example`) || Host(`b.example`) && PathPrefix(`/x`)");
    desired.routers["2"] = router("Host(`a.example`) && Path(`/y`)");
    desired.routers["3"] = router("Host(`clear.example`)", "http");
    desired.routers["4"] = router("Host(`*.wild.example`) || Host(`*`)");
    desired.routers["5"] = router("PathPrefix(`/`)");
    desired.routers["6"] = router("not a rule");
    auto hosts = tls_hosts().of(desired, entrypoints);
    ASSERT_EQ(hosts.size(), 3U);
    EXPECT_EQ(hosts.at("a.example"), (std::vector<std::string>{"1", "2"}));
    EXPECT_TRUE(hosts.contains("b.example"));
    EXPECT_TRUE(hosts.contains("*.wild.example"));
}

TEST(TlsHosts, IncludeThoseOfTcpRoutersWhereTlsEnds)
{
    model::snapshot desired;
    using enum model::tcp_security;
    for (auto [id, security] : {std::pair("ended", ended), std::pair("passed", passed_on), std::pair("clear", clear)}) {
        desired.tcp_routers[id].names = {std::string(id) + ".example", "*"};
        desired.tcp_routers[id].security = security;
        desired.tcp_routers[id].entrypoints = {"raw"};
    }
    auto hosts = tls_hosts().of(desired, entrypoints);
    ASSERT_EQ(hosts.size(), 1U);
    EXPECT_TRUE(hosts.contains("ended.example"));
}

}  // namespace
}  // namespace lintel::acme
