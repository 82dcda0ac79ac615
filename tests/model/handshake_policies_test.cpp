#include "model/handshake_policies.hpp"

#include <gtest/gtest.h>

namespace lintel::model {
namespace {

class HandshakePolicies : public testing::Test {
protected:
    router& http(const std::string& id, const std::string& rule, const std::string& options = "")
    {
        auto& spec = whole.routers[id];
        spec.rule = rule;
        spec.entrypoints = {"https"};
        spec.tls_options = options;
        return spec;
    }

    tcp_router& tcp(const std::string& id, const std::string& name, tcp_security security)
    {
        auto& spec = whole.tcp_routers[id];
        spec.names = {name};
        spec.entrypoints = {"https"};
        spec.security = security;
        return spec;
    }

    snapshot whole;
};

TEST_F(HandshakePolicies, NameEveryHostOfTheEntrypointWithItsOptions)
{
    http("r1", "Host(`a.x`) || (Host(`*.b.x`) && Path(`/p`))", "mtls");
    http("r2", "Host(`c.x`)");
    http("r3", "PathPrefix(`/`)", "strict");
    http("r4", "Host(`elsewhere`)").entrypoints = {"http"};
    name_policies expected{
        {"a.x", {"mtls", ""}}, {"*.b.x", {"mtls", ""}}, {"c.x", {"default", ""}}, {"*", {"strict", ""}}};
    EXPECT_EQ(handshake_policies(whole, "https"), expected);
    EXPECT_TRUE(handshake_policies(whole, "other").empty());
}

TEST_F(HandshakePolicies, GiveANameToItsTcpRouterOfTheHighestPriority)
{
    http("r", "Host(`a.x`)", "mtls");
    tcp("q1", "a.x", tcp_security::passed_on).priority = 5;
    tcp("q2", "a.x", tcp_security::ended).priority = 9;
    whole.tcp_routers["q2"].tls_options = "strict";
    tcp("q3", "a.x", tcp_security::ended).priority = 9;
    tcp("q4", "*", tcp_security::clear);
    EXPECT_EQ(handshake_policies(whole, "https"), (name_policies{{"a.x", {"strict", "q2"}}}));
}

TEST_F(HandshakePolicies, PreferWhatIsServedToWhatIsClosed)
{
    http("r1", "Host(`a.x`)").refusal = "closed";
    http("r2", "Host(`a.x`) && PathPrefix(`/p`)", "mtls");
    EXPECT_EQ(handshake_policies(whole, "https").at("a.x").tls_options, "mtls");
}

TEST_F(HandshakePolicies, AreFoundByTheMostSpecificName)
{
    http("r1", "Host(`a.x`)", "exact");
    http("r2", "Host(`*.x`)", "wildcard");
    auto policies = handshake_policies(whole, "https");
    EXPECT_EQ(policy_for(policies, "a.x")->tls_options, "exact");
    EXPECT_EQ(policy_for(policies, "b.x")->tls_options, "wildcard");
    EXPECT_EQ(policy_for(policies, "b.a.x"), nullptr) << "a wildcard is one label";
    EXPECT_EQ(policy_for(policies, ""), nullptr);
    policies["*"].tls_options = "any";
    EXPECT_EQ(policy_for(policies, "b.a.x")->tls_options, "any");
    EXPECT_EQ(policy_for(policies, "")->tls_options, "any");
}

using by_host = std::map<std::string, std::string, std::less<>>;

TEST_F(HandshakePolicies, KeepTheDefaultOfAHostUnderAWildcardWithOthers)
{
    const std::vector<std::string> encrypted{"https", "more"}, clear{"http", "raw"};
    http("r1", "Host(`a.x`) || Host(`a.y`) || Host(`b.a.x`)");
    http("r2", "Host(`*.x`)", "mtls");
    http("r3", "Host(`*.y`)");
    http("r4", "PathPrefix(`/`)", "strict");
    EXPECT_EQ(tls_options_by_host(whole, encrypted, clear), (by_host{{"a.x", "default"}, {"*.x", "mtls"}}));
    http("r5", "Host(`a.x`)", "new").entrypoints = {"more"};
    EXPECT_EQ(tls_options_by_host(whole, encrypted, clear), (by_host{{"a.x", "new"}, {"*.x", "mtls"}}));
}

TEST_F(HandshakePolicies, CountWhereTlsEndsForTcpOnEntrypointsInClearText)
{
    const std::vector<std::string> encrypted{"https"}, clear{"raw"};
    auto& spec = tcp("q", "a.x", tcp_security::ended);
    spec.entrypoints = {"raw"};
    spec.tls_options = "mtls";
    http("r1", "Host(`a.x`)").refusal = "its TLS options are others";
    http("r2", "Host(`c.x`)", "strict").entrypoints = {"raw"};
    EXPECT_EQ(tls_options_by_host(whole, encrypted, clear), (by_host{{"a.x", "mtls"}}));
}

}  // namespace
}  // namespace lintel::model
