#include "discovery/claims.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <optional>

namespace lintel::discovery {

namespace {

constexpr std::size_t limit_alternatives = 256;

using model::rule;
using conjunction = std::vector<std::string>;  // matchers that must all hold, printed
using alternatives = std::vector<conjunction>;

/// None when there are too many.
std::optional<alternatives> expand(const rule& node);

/// (a || b) && (c || d) → a && c, a && d, b && c, b && d
std::optional<alternatives> expand_all_of(const rule& node)
{
    alternatives product{{}};
    for (const auto& part : node.parts) {
        auto choices = expand(part);
        if (!choices || product.size() * choices->size() > limit_alternatives) return {};
        alternatives next;
        for (const auto& left : product) {
            for (const auto& right : *choices) {
                next.push_back(left);
                next.back().insert(next.back().end(), right.begin(), right.end());
            }
        }
        product = std::move(next);
    }
    return product;
}

std::optional<alternatives> expand_any_of(const rule& node)
{
    alternatives all;
    for (const auto& part : node.parts) {
        auto choices = expand(part);
        if (!choices || all.size() + choices->size() > limit_alternatives) return {};
        all.insert(all.end(), choices->begin(), choices->end());
    }
    return all;
}

std::optional<alternatives> expand(const rule& node)
{
    if (node.what == rule::kind::all_of) return expand_all_of(node);
    if (node.what == rule::kind::any_of) return expand_any_of(node);
    bool every_path = node.what == rule::kind::path_prefix && node.value == "/";
    return every_path ? alternatives{{}} : alternatives{{model::print(node)}};
}

}  // namespace

std::vector<std::string> claims_of(const rule& rule)
{
    auto expanded = expand(rule);
    if (!expanded) return {model::print(rule)};
    std::vector<std::string> claims;
    for (auto& matchers : *expanded) {
        std::ranges::sort(matchers);
        auto repeated = std::ranges::unique(matchers);
        matchers.erase(repeated.begin(), repeated.end());
        claims.push_back(text::join(matchers, " && "));
    }
    std::ranges::sort(claims);
    auto repeated = std::ranges::unique(claims);
    claims.erase(repeated.begin(), repeated.end());
    return claims;
}

}  // namespace lintel::discovery
