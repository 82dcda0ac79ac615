#include "discovery/claims.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

std::vector<std::string> claims(const std::string& rule) { return claims_of(*model::parse_rule(rule)); }

TEST(Claims, AreTheAlternativesOfTheRuleInOneSpelling)
{
    using texts = std::vector<std::string>;
    EXPECT_EQ(claims("Host(`A.example`)"), texts{"Host(`a.example`)"});
    EXPECT_EQ(claims("Host(`b`) || Host(`a`) || Host(`b`)"), (texts{"Host(`a`)", "Host(`b`)"}));
    EXPECT_EQ(claims("PathPrefix(`/p`) && Host(`a`)"), claims("Host(`a`) && PathPrefix(`/p`)"));
    EXPECT_EQ(claims("(Host(`a`) || Host(`b`)) && Path(`/p`)"),
              (texts{"Host(`a`) && Path(`/p`)", "Host(`b`) && Path(`/p`)"}));
    EXPECT_EQ(claims("Host(`a`) && PathPrefix(`/`)"), claims("Host(`a`)")) << "every path is no restriction";
}

TEST(Claims, AreTheWholeRuleWhereItHasTooManyAlternatives)
{
    std::string hosts = "(Host(`h0`)";
    for (int i = 1; i < 20; ++i) hosts += " || Host(`h" + std::to_string(i) + "`)";
    hosts += ")";
    EXPECT_EQ(claims(hosts).size(), 20U);
    EXPECT_EQ(claims(hosts + " && " + hosts + " && " + hosts).size(), 1U);
}

}  // namespace
}  // namespace lintel::discovery
