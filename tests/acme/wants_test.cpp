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
    ASSERT_EQ(hosts.at("a.example").size(), 2U);
    EXPECT_EQ(hosts.at("a.example")[1].id, "2");
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
    ASSERT_TRUE(hosts.contains("ended.example"));
    EXPECT_TRUE(hosts.at("ended.example")[0].is_tcp);
}

class CollectWants : public testing::Test {
protected:
    CollectWants()
    {
        for (const char* name : {"letsencrypt", "zerossl", "own"}) settings.issuers[name].name = name;
    }

    std::vector<std::string> issuers_of(const std::vector<std::string>& names)
    {
        for (const auto& each : collect_wants(hosts, terms, settings).all) {
            if (each.names == names) return each.issuers;
        }
        return {"not wanted"};
    }

    using texts = std::vector<std::string>;
    certificate_settings settings;
    host_routers hosts;
    router_terms terms;
};

TEST_F(CollectWants, OnePerHostFromTheDefaultIssuers)
{
    hosts["a.example"] = {{"1", false}};
    hosts["b.example"] = {{"1", false}, {"2", false}};
    settings.default_issuers = {"letsencrypt", "zerossl"};
    EXPECT_EQ(collect_wants(hosts, terms, settings).all.size(), 2U);
    EXPECT_EQ(issuers_of({"a.example"}), (texts{"letsencrypt", "zerossl"}));
}

TEST_F(CollectWants, ResolversAreMappedAndUnknownOnesReportedOnce)
{
    hosts["a.example"] = {{"1", false}};
    hosts["b.example"] = {{"2", false}};
    hosts["c.example"] = {{"3", false}};
    hosts["d.example"] = {{"3", true}};
    settings.resolvers["le"] = {"own"};
    terms.http["1"] = {"le", {}, ""};
    settings.resolvers["zerossl"] = {"zerossl"};
    terms.http["2"] = {"zerossl", {}, ""};
    terms.http["3"] = {"nobody", {}, "file x"};
    terms.tcp["3"] = {"nobody", {}, "file y"};
    EXPECT_EQ(issuers_of({"a.example"}), texts{"own"});
    EXPECT_EQ(issuers_of({"b.example"}), texts{"zerossl"});
    EXPECT_EQ(issuers_of({"c.example"}), texts{"letsencrypt"});
    auto problems = collect_wants(hosts, terms, settings).problems;
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].where, "file x");
    EXPECT_NE(problems[0].what.find("resolvers: {nobody"), std::string::npos);
}

TEST_F(CollectWants, NamesGoTogetherOnlyWhereAsked)
{
    hosts["a.example"] = {{"1", false}};
    hosts["x.example"] = {{"2", false}};
    hosts["y.x.example"] = {{"2", false}};
    terms.http["1"] = {"", {{"x.example", "*.x.example"}}, ""};
    auto all = collect_wants(hosts, terms, settings).all;
    EXPECT_EQ(all.size(), 2U) << "the hosts that the domains cover want none of their own";
    EXPECT_EQ(issuers_of({"x.example", "*.x.example"}), texts{"letsencrypt"});
    EXPECT_EQ(issuers_of({"a.example"}), texts{"letsencrypt"});
}

TEST_F(CollectWants, HostsMayHaveIssuersOfTheirOwn)
{
    hosts["a.example"] = hosts["x.b.example"] = hosts["c.example"] = {{"1", false}};
    settings.hosts["a.example"] = {"own"};
    settings.hosts["*.b.example"] = {"local"};
    EXPECT_EQ(issuers_of({"a.example"}), texts{"own"});
    EXPECT_EQ(issuers_of({"x.b.example"}), texts{"local"});
    EXPECT_EQ(issuers_of({"c.example"}), texts{"letsencrypt"});
}

TEST_F(CollectWants, AddressesStandWithoutBrackets)
{
    hosts["[2001:db8::1]"] = hosts["192.0.2.1"] = {{"1", false}};
    settings.hosts["2001:db8::1"] = {"own"};
    EXPECT_EQ(issuers_of({"2001:db8::1"}), texts{"own"});
    EXPECT_EQ(issuers_of({"192.0.2.1"}), texts{"letsencrypt"});
}

}  // namespace
}  // namespace lintel::acme
