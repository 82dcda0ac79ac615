#include "discovery/merge_routers.hpp"

#include "base/text.hpp"
#include "discovery/claims.hpp"
#include "model/rule.hpp"

namespace lintel::discovery {

namespace {

bool speaks_tls(const model::entrypoint& where) { return where.tls || where.name == "https"; }

std::string where_of(const declared_router& router) { return router.spec.source + ": router " + router.name; }

std::vector<std::string> canonical_names(const std::vector<std::string>& written)
{
    std::vector<std::string> names;
    for (const auto& name : written) names.emplace_back(model::canonical_entrypoint(name));
    std::ranges::sort(names);
    auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
}

}  // namespace

router_directory::router_directory(const std::vector<model::entrypoint>& entrypoints) : entrypoints_(entrypoints)
{
    for (const auto& each : entrypoints_) known_names_.push_back(each.name);
}

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
    return &rules_.emplace(rule, rule_reading{model::print(*tree), claims_of(*tree)}).first->second;
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
           (spec.redirect_to_https ? " redirect" : "") + options;
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
        agreed_router router{name, std::ranges::find_if(all, same)->what->spec, &rules_.at(winner.what->spec.rule),
                             winner.weighs(), oldest(all)};
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
    std::vector<std::string> chosen;
    auto named = named_by(router, problems);
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
    auto wanted = canonical_names(router.spec.entrypoints);
    std::vector<const model::entrypoint*> named;
    for (const auto& each : entrypoints_) {
        bool by_default = router.tls ? speaks_tls(each) : each.name == "http" || each.name == "https";
        bool listed = std::ranges::binary_search(wanted, each.name);
        if (wanted.empty() ? by_default : listed) named.push_back(&each);
    }
    for (const auto& name : wanted) {
        if (std::ranges::find(known_names_, name) != known_names_.end()) continue;
        auto near = text::nearest(name, known_names_);
        auto hint = near.empty() ? "known are " + text::join(known_names_, ", ") : "did you mean " + near + '?';
        problems.push_back({where_of(router), "there is no entrypoint " + text::printable(name, 40) + "; " + hint});
    }
    return named;
}

}  // namespace lintel::discovery
