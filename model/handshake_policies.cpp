#include "model/handshake_policies.hpp"

#include "model/rule.hpp"

#include <algorithm>

namespace lintel::model {

namespace {

bool is_on(const std::vector<std::string>& entrypoints, std::string_view entrypoint)
{
    return std::ranges::find(entrypoints, entrypoint) != entrypoints.end();
}

std::string options_of(const std::string& id) { return id.empty() ? std::string(default_tls_options) : id; }

void add_tcp(const snapshot& whole, std::string_view entrypoint, name_policies& into)
{
    for (const auto& [id, spec] : whole.tcp_routers) {
        if (spec.security == tcp_security::clear || !is_on(spec.entrypoints, entrypoint)) continue;
        for (const auto& name : spec.names) {
            auto [known, added] = into.try_emplace(name);
            bool better = added || whole.tcp_routers.at(known->second.tcp_router).priority < spec.priority;
            if (better) known->second = {options_of(spec.tls_options), id};
        }
    }
}

void add_http(const snapshot& whole, std::string_view entrypoint, bool closed, name_policies& into)
{
    for (const auto& [id, spec] : whole.routers) {
        if (spec.refusal.empty() == closed || !is_on(spec.entrypoints, entrypoint)) continue;
        auto tree = parse_rule(spec.rule);
        if (!tree) continue;
        auto hosts = hosts_of(*tree);
        if (hosts.empty()) hosts.emplace_back("*");
        for (const auto& host : hosts) into.try_emplace(host, name_policy{options_of(spec.tls_options), ""});
    }
}

}  // namespace

name_policies handshake_policies(const snapshot& whole, std::string_view entrypoint)
{
    name_policies policies;
    add_tcp(whole, entrypoint, policies);
    add_http(whole, entrypoint, false, policies);
    add_http(whole, entrypoint, true, policies);
    return policies;
}

const name_policy* policy_for(const name_policies& policies, std::string_view name)
{
    auto found = policies.find(name);
    if (found == policies.end()) found = policies.find(wildcard_over(name));
    if (found == policies.end()) found = policies.find("*");
    return found == policies.end() ? nullptr : &found->second;
}

std::map<std::string, std::string, std::less<>> tls_options_by_host(const snapshot& whole,
                                                                    std::span<const std::string> encrypted,
                                                                    std::span<const std::string> clear)
{
    std::map<std::string, std::string, std::less<>> all, needed;
    auto add = [&](const name_policies& policies) {
        for (const auto& [name, policy] : policies) {
            auto& known = all.try_emplace(name, default_tls_options).first->second;
            if (known == default_tls_options) known = policy.tls_options;
        }
    };
    for (const auto& entrypoint : encrypted) add(handshake_policies(whole, entrypoint));
    for (const auto& entrypoint : clear) {
        name_policies policies;
        add_tcp(whole, entrypoint, policies);
        add(policies);
    }
    auto is_special = [&](std::string_view name) {
        auto found = all.find(name);
        return found != all.end() && found->second != default_tls_options;
    };
    all.erase("*");
    for (const auto& [name, options] : all) {
        if (options != default_tls_options || is_special(wildcard_over(name))) needed.emplace(name, options);
    }
    return needed;
}

std::string wildcard_over(std::string_view host)
{
    auto dot = host.find('.');
    return dot == host.npos || dot == 0 || host.starts_with('*') ? "" : "*" + std::string(host.substr(dot));
}

}  // namespace lintel::model
