#include "proxy/routing/matcher.hpp"

namespace lintel::proxy {

using kind = model::rule::kind;

bool host_matches(std::string_view pattern, std::string_view host)
{
    if (pattern == "*") return true;
    if (!pattern.starts_with("*.")) return pattern == host;
    auto dot = host.find('.');
    return dot != host.npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

bool matches(const model::rule& rule, std::string_view host, std::string_view path)
{
    auto part_matches = [&](const model::rule& part) { return matches(part, host, path); };
    switch (rule.what) {
        case kind::all_of: return std::ranges::all_of(rule.parts, part_matches);
        case kind::any_of: return std::ranges::any_of(rule.parts, part_matches);
        case kind::host: return host_matches(rule.value, host);
        case kind::path: return path == rule.value;
        case kind::path_prefix: return path.starts_with(rule.value);
    }
    return false;
}

std::optional<std::set<std::string>> host_constraint(const model::rule& rule)
{
    if (rule.what == kind::host && rule.value != "*") return std::set{rule.value};
    if (rule.what == kind::all_of) {
        for (const auto& part : rule.parts) {
            if (auto narrowed = host_constraint(part)) return narrowed;
        }
    }
    if (rule.what != kind::any_of) return {};
    std::set<std::string> all;
    for (const auto& part : rule.parts) {
        auto hosts = host_constraint(part);
        if (!hosts) return {};
        all.merge(*hosts);
    }
    return all;
}

}  // namespace lintel::proxy
