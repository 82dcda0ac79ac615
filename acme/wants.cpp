#include "acme/wants.hpp"

#include "model/rule.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

constexpr std::size_t remembered_rules = 50'000;

std::set<std::string> encrypted(const std::vector<model::entrypoint>& entrypoints)
{
    std::set<std::string> names;
    for (const auto& each : entrypoints) {
        if (each.tls) names.insert(each.name);
    }
    return names;
}

}  // namespace

std::map<std::string, std::vector<std::string>, std::less<>> tls_hosts::of(
    const model::snapshot& desired, const std::vector<model::entrypoint>& entrypoints)
{
    auto speak_tls = encrypted(entrypoints);
    std::map<std::string, std::vector<std::string>, std::less<>> hosts;
    for (const auto& [id, router] : desired.routers) {
        bool on_tls =
            std::ranges::any_of(router.entrypoints, [&](const auto& each) { return speak_tls.contains(each); });
        if (!on_tls) continue;
        for (const auto& host : of_rule(router.rule)) {
            if (host != "*") hosts[host].push_back(id);
        }
    }
    for (const auto& [id, router] : desired.tcp_routers) {
        if (router.security != model::tcp_security::ended) continue;
        for (const auto& host : router.names) {
            if (host != "*") hosts[host].push_back(id);
        }
    }
    return hosts;
}

const std::vector<std::string>& tls_hosts::of_rule(const std::string& rule)
{
    if (by_rule_.size() > remembered_rules) by_rule_.clear();
    auto [known, added] = by_rule_.try_emplace(rule);
    if (added) {
        if (auto tree = model::parse_rule(rule)) known->second = model::hosts_of(*tree);
    }
    return known->second;
}

}  // namespace lintel::acme
