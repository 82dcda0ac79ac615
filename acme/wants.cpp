#include "acme/wants.hpp"

#include "base/text.hpp"
#include "model/rule.hpp"
#include "net/address.hpp"
#include "tls/certificate.hpp"

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

/// Whose certificate a host takes: what its routers say, then what lintel.yaml says of the host, then the default.
class collector {
public:
    collector(const router_terms& terms, const certificate_settings& settings) : terms_(terms), settings_(settings) {}

    wanted collect(const host_routers& hosts)
    {
        std::set<std::string, std::less<>> together;
        for (const auto* kind : {&terms_.http, &terms_.tcp}) {
            for (const auto& [id, said] : *kind) {
                for (const auto& names : said.domains) {
                    if (names.empty()) continue;
                    result_.all.push_back({names, issuers_of(names.front(), said)});
                    together.insert(names.begin(), names.end());
                }
            }
        }
        for (const auto& [host, routers] : hosts) {
            auto name = certificate_name(host);
            if (!is_covered(name, together)) result_.all.push_back({{name}, issuers_of(host, terms_of(routers))});
        }
        return std::move(result_);
    }

private:
    static bool is_covered(const std::string& host, const std::set<std::string, std::less<>>& names)
    {
        return std::ranges::any_of(names, [&](const auto& each) { return tls::covers(each, host); });
    }

    /// Of several routers of one host the first that names a resolver decides.
    const model::certificate_terms& terms_of(const std::vector<router_name>& routers) const
    {
        static const model::certificate_terms none;
        for (const auto& each : routers) {
            const auto& all = each.is_tcp ? terms_.tcp : terms_.http;
            auto said = all.find(each.id);
            if (said != all.end() && !said->second.resolver.empty()) return said->second;
        }
        return none;
    }

    std::vector<std::string> issuers_of(const std::string& host, const model::certificate_terms& said)
    {
        if (!said.resolver.empty()) {
            auto mapped = settings_.resolvers.find(said.resolver);
            if (mapped != settings_.resolvers.end()) return mapped->second;
            if (reported_.insert(said.resolver).second) {
                result_.problems.push_back(
                    {said.source, "the certresolver " + said.resolver +
                                      " is mapped to no issuer, so the default one is used; map it in "
                                      "lintel.yaml: resolvers: {" +
                                      said.resolver + ": ISSUER}"});
            }
        }
        return issuers_for(host, settings_);
    }

    const router_terms& terms_;
    const certificate_settings& settings_;
    std::set<std::string> reported_;
    wanted result_;
};

}  // namespace

host_routers tls_hosts::of(const model::snapshot& desired, const std::vector<model::entrypoint>& entrypoints)
{
    auto speak_tls = encrypted(entrypoints);
    host_routers hosts;
    for (const auto& [id, router] : desired.routers) {
        bool on_tls =
            std::ranges::any_of(router.entrypoints, [&](const auto& each) { return speak_tls.contains(each); });
        if (!on_tls) continue;
        for (const auto& host : of_rule(router.rule)) {
            if (host != "*") hosts[host].push_back({id, false});
        }
    }
    for (const auto& [id, router] : desired.tcp_routers) {
        if (router.security != model::tcp_security::ended) continue;
        for (const auto& host : router.names) {
            if (host != "*") hosts[host].push_back({id, true});
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

std::string certificate_name(const std::string& host)
{
    auto address = net::address::of_ip(host, 0);
    return address ? address->ip() : host;
}

std::string key_of(const std::vector<std::string>& names) { return text::join(names, ","); }

const std::vector<std::string>& issuers_for(const std::string& host, const certificate_settings& settings)
{
    for (const auto& form : {host, certificate_name(host)}) {
        if (auto own = settings.hosts.find(form); own != settings.hosts.end()) return own->second;
    }
    for (const auto& [pattern, issuers] : settings.hosts) {
        if (tls::covers(pattern, host)) return issuers;
    }
    return settings.default_issuers;
}

wanted collect_wants(const host_routers& hosts, const router_terms& terms, const certificate_settings& settings)
{
    return collector(terms, settings).collect(hosts);
}

}  // namespace lintel::acme
