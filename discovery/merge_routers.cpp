#include "discovery/merge_routers.hpp"

#include "base/text.hpp"
#include "discovery/claims.hpp"
#include "model/rule.hpp"

namespace lintel::discovery {

namespace {

std::string where_of(const declared_router& router) { return router.spec.source + ": router " + router.name; }

/// What a handshake for this rule may name.
std::vector<std::string> names_of(const model::rule& rule)
{
    auto hosts = model::hosts_of(rule);
    if (hosts.empty()) hosts.emplace_back("*");
    return hosts;
}

}  // namespace

void router_directory::declare(const origin& owner, std::vector<problem>& problems)
{
    const auto& from = *owner.from;
    for (const auto& router : from.routers) {
        auto rule = read(router.spec.rule);
        if (!rule) {
            problems.push_back(
                {where_of(router), rule.error().where + ": " + rule.error().what + "; this router is left out"});
            continue;
        }
        declared_[{from.provider, from.app, router.name}].push_back({owner, &router});
    }
}

checked<const rule_reading*> router_directory::read(const std::string& rule)
{
    auto known = rules_.find(rule);
    if (known != rules_.end()) return &known->second;
    auto tree = model::parse_rule(rule);
    if (!tree) return std::unexpected(tree.error());
    return &rules_.emplace(rule, rule_reading{model::print(*tree), claims_of(*tree), names_of(*tree)}).first->second;
}

/// Everything that two sources must agree on to mean the same router.
std::string router_directory::content_of(const declared_router& router) const
{
    const auto& spec = router.spec;
    const auto& rule = rules_.at(spec.rule);
    std::string options;
    for (const auto& [key, text] : spec.options) options += '\n' + key + '=' + text;
    return rule.rule + '\n' + text::join(canonical_names(spec.entrypoints), ",") + '\n' +
           std::to_string(spec.priority) + '\n' + spec.service + '\n' + (router.tls ? "tls" : "") +
           (spec.redirect_to_https ? " redirect" : "") + '\n' + spec.tls_options + '\n' + spec.canonical_host + '\n' +
           spec.strict_transport_security + '\n' + spec.ask + discovery::content_of(router.certificate) + options;
}

void router_directory::fill_in_contents(candidates<declared_router>& all) const
{
    if (all.size() < 2) return;
    for (auto& each : all) each.content = content_of(*each.what);
}

std::vector<agreed_router> router_directory::agree(std::vector<problem>& problems)
{
    std::vector<agreed_router> agreed;
    agreed.reserve(declared_.size());
    for (auto& [name, all] : declared_) {
        fill_in_contents(all);
        const auto& winner = heaviest(all);
        report_others(all, winner, "router", problems);
        auto same = [&](const auto& each) { return each.content == winner.content; };
        const auto& chosen = *std::ranges::find_if(all, same)->what;
        agreed_router router{name,        chosen.spec,       &rules_.at(winner.what->spec.rule), winner.weighs(),
                             oldest(all), chosen.certificate};
        for (const auto& each : all) {
            // Any of them restricts access in a way that can't be kept: closed for all, whichever counts otherwise.
            if (router.spec.refusal.empty()) router.spec.refusal = each.what->spec.refusal;
        }
        router.spec.entrypoints = entrypoints_for(*winner.what, problems);
        if (!router.spec.entrypoints.empty()) agreed.push_back(std::move(router));
    }
    return agreed;
}

/// Where the router is served; empty, and the reason reported, when it is nowhere. Whether TLS is spoken is the
/// entrypoint's, so a router that wants TLS stays off the others.
std::vector<std::string> router_directory::entrypoints_for(const declared_router& router,
                                                           std::vector<problem>& problems) const
{
    auto named = named_by(router, problems);
    std::vector<std::string> chosen;
    for (const auto* entrypoint : named) {
        if (!router.tls || speaks_tls(*entrypoint)) chosen.push_back(entrypoint->name);
    }
    if (!chosen.empty()) {
        std::ranges::sort(chosen);
        return chosen;
    }
    const auto* why = named.empty()
                          ? "none of its entrypoints exists, so it is left out"
                          : "it wants TLS and names only entrypoints in clear text, so it is left out; name https";
    problems.push_back({where_of(router), why});
    return chosen;
}

/// None named: `http` and `https`, or everything that speaks TLS.
std::vector<const model::entrypoint*> router_directory::named_by(const declared_router& router,
                                                                 std::vector<problem>& problems) const
{
    if (!router.spec.entrypoints.empty()) return entrypoints_.find(router.spec.entrypoints, where_of(router), problems);
    std::vector<const model::entrypoint*> standard;
    for (const auto& each : entrypoints_.all()) {
        bool by_default = router.tls ? speaks_tls(each) : each.name == "http" || each.name == "https";
        if (by_default) standard.push_back(&each);
    }
    return standard;
}

}  // namespace lintel::discovery
