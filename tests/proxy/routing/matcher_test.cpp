#include "proxy/routing/matcher.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

bool rule_matches(const char* rule, const char* host, const char* path)
{
    return matches(model::parse_rule(rule).value(), host, path);
}

TEST(Matcher, ComparesHostsWholeAndPathsByteByByte)
{
    struct row {
        const char *rule, *host, *path;
        bool matches;
    };
    for (auto [rule, host, path, expected] : {
             row{"Host(`A.example.`)", "a.example", "/", true},
             row{"Host(`a.example`)", "b.a.example", "/", false},
             row{"Host(`a.example`)", "", "/", false},
             row{"Host(`*.example`)", "a.example", "/", true},
             row{"Host(`*.example`)", "b.a.example", "/", false},
             row{"Host(`*.example`)", "example", "/", false},
             row{"Host(`*.example`)", ".example", "/", false},
             row{"Host(`*`)", "anything", "/", true},
             row{"Host(`*`)", "", "/", true},
             row{"Host(`[::1]`)", "[::1]", "/", true},
             row{"Path(`/a`)", "x", "/a", true},
             row{"Path(`/a`)", "x", "/a/", false},
             row{"Path(`/a`)", "x", "/A", false},
             row{"PathPrefix(`/a`)", "x", "/a", true},
             row{"PathPrefix(`/a`)", "x", "/a/b", true},
             row{"PathPrefix(`/a`)", "x", "/ab", true},
             row{"PathPrefix(`/a/`)", "x", "/a", false},
             row{"PathPrefix(`/a`)", "x", "/b/a", false},
             row{"Path(`/a%2Fb`)", "x", "/a%2Fb", true},
             row{"Host(`a`) && PathPrefix(`/b`)", "a", "/b", true},
             row{"Host(`a`) && PathPrefix(`/b`)", "a", "/c", false},
             row{"Host(`a`) || PathPrefix(`/b`)", "c", "/b", true},
             row{"Host(`a`) || PathPrefix(`/b`)", "c", "/c", false},
             row{"Host(`a`) && (Path(`/b`) || Path(`/c`))", "a", "/c", true},
         }) {
        EXPECT_EQ(rule_matches(rule, host, path), expected) << rule << ' ' << host << path;
    }
}

TEST(HostConstraint, IsTheHostsOutsideOfWhichNothingMatches)
{
    using hosts = std::set<std::string>;
    struct row {
        const char* rule;
        std::optional<hosts> constraint;
    };
    for (const auto& [rule, constraint] : {
             row{"Host(`a`)", hosts{"a"}},
             row{"Host(`*.a`)", hosts{"*.a"}},
             row{"Host(`*`)", {}},
             row{"Path(`/`)", {}},
             row{"Path(`/`) && Host(`a`)", hosts{"a"}},
             row{"Host(`a`) || Host(`b`)", hosts{"a", "b"}},
             row{"Host(`a`) || Path(`/`)", {}},
             row{"Host(`a`) || Host(`*`)", {}},
             row{"(Host(`a`) || Host(`b`)) && Path(`/`)", hosts{"a", "b"}},
         }) {
        EXPECT_EQ(host_constraint(model::parse_rule(rule).value()), constraint) << rule;
    }
}

}  // namespace
}  // namespace lintel::proxy
