#include "discovery/merge.hpp"

#include "discovery/merge_routers.hpp"
#include "discovery/merge_services.hpp"

#include <tuple>
#include <unordered_map>

namespace lintel::discovery {

namespace {

/// Files name themselves in every problem; a container's labels don't say whose they are.
void collect_problems(const fragment& from, std::vector<problem>& problems)
{
    for (const auto& [where, what] : from.problems) {
        problems.push_back({from.provider == "file" ? where : from.source + ": " + where, what});
    }
}

/// Puts the service's id in place of its name. A router whose service can't be told, or can't be kept to its word, is
/// closed: without it, a wider router of somebody else would answer.
void resolve_service(agreed_router& router, service_directory& services, std::vector<problem>& problems)
{
    auto& spec = router.spec;
    if (spec.redirect_to_https && spec.refusal.empty()) return;
    if (spec.refusal.empty()) {
        auto found = services.find(router.name, spec.service);
        if (!found) problems.push_back({router.where(), found.error().what});
        spec.refusal = found ? (*found)->refusal : found.error().what;
        spec.service = found ? (*found)->id : "";
    }
    if (spec.refusal.empty()) return;
    spec.service.clear();
    spec.redirect_to_https = false;
}

std::int64_t effective_priority(const model::router& spec)
{
    return spec.priority == 0 ? static_cast<std::int64_t>(spec.rule.size()) : spec.priority;
}

bool same_outcome(const model::router& a, const model::router& b)
{
    return std::tie(a.service, a.redirect_to_https, a.refusal) == std::tie(b.service, b.redirect_to_https, b.refusal);
}

/// Two routers of one app for exactly the same requests: the closed one counts, then the heavier one.
bool counts_before(const agreed_router& a, const agreed_router& b)
{
    auto rank = [](const agreed_router& each) { return std::pair(!each.spec.refusal.empty(), each.weighs); };
    return rank(a) > rank(b);
}

/// Two routers of one place would answer the same requests, and nothing says which.
struct place {
    full_name app;  ///< without a name
    std::string_view entrypoint;
    std::string_view rule;
    std::int64_t priority;

    bool operator==(const place&) const = default;
};

struct place_hash {
    std::size_t operator()(const place& key) const
    {
        return text_pair_hash{}({key.rule, key.app.app}) * 31 + std::hash<std::string_view>{}(key.entrypoint);
    }
};

place place_of(const agreed_router& router, std::string_view entrypoint)
{
    return {
        {router.name.provider, router.name.app, ""}, entrypoint, router.rule->rule, effective_priority(router.spec)};
}

void settle_inside_apps(std::vector<agreed_router>& routers, std::vector<problem>& problems)
{
    std::unordered_map<place, const agreed_router*, place_hash> winners;
    winners.reserve(2 * routers.size());
    for (const auto& router : routers) {
        for (const auto& entrypoint : router.spec.entrypoints) {
            auto& winner = winners[place_of(router, entrypoint)];
            if (!winner || counts_before(router, *winner)) winner = &router;
        }
    }
    std::vector<std::pair<agreed_router*, std::string>> lost;
    for (auto& router : routers) {
        for (const auto& entrypoint : router.spec.entrypoints) {
            const auto& winner = *winners.at(place_of(router, entrypoint));
            if (same_outcome(winner.spec, router.spec)) continue;
            problems.push_back({router.where(), router.rule->rule + " on " + entrypoint + " goes to router " +
                                                    std::string(winner.name.name) + " of " + winner.spec.source});
            lost.emplace_back(&router, entrypoint);
        }
    }
    for (auto& [router, entrypoint] : lost) std::erase(router->spec.entrypoints, entrypoint);
}

/// (entrypoint, claim) → the router that holds it
using claim_holders = std::unordered_map<text_pair, const agreed_router*, text_pair_hash>;

/// The router of another app that holds one of the `claims` already.
const agreed_router* holder_elsewhere(const claim_holders& holders, const agreed_router& router,
                                      std::string_view entrypoint)
{
    for (const auto& claim : router.rule->claims) {
        auto found = holders.find({entrypoint, claim});
        if (found != holders.end() && !found->second->name.same_app(router.name)) return found->second;
    }
    return nullptr;
}

bool is_served(const agreed_router& router, const model::snapshot& before)
{
    auto known = before.routers.find(router.name.id());
    return known != before.routers.end() && known->second.rule == router.spec.rule;
}

/// One tenant can't take another's host: what two apps ask for stays with the one that has it, else with the older.
void settle_across_apps(std::vector<agreed_router>& routers, const model::snapshot& before,
                        std::vector<problem>& problems)
{
    std::vector<std::tuple<bool, std::int64_t, full_name, agreed_router*>> by_age;
    by_age.reserve(routers.size());
    for (auto& router : routers) by_age.emplace_back(!is_served(router, before), router.since, router.name, &router);
    std::ranges::sort(by_age);

    claim_holders holders;
    holders.reserve(2 * routers.size());
    for (auto& [is_new, since, name, router] : by_age) {
        std::vector<std::string> kept;
        for (const auto& entrypoint : router->spec.entrypoints) {
            if (const auto* holder = holder_elsewhere(holders, *router, entrypoint)) {
                problems.push_back({router->where(), router->rule->rule + " on " + entrypoint + " is taken by router " +
                                                         std::string(holder->name.name) + " of " + holder->spec.source +
                                                         ", which had it first and keeps it"});
            } else {
                kept.push_back(entrypoint);
            }
        }
        router->spec.entrypoints = std::move(kept);
        for (const auto& entrypoint : router->spec.entrypoints) {
            for (const auto& claim : router->rule->claims) holders.try_emplace(text_pair(entrypoint, claim), router);
        }
    }
}

}  // namespace

merged merge(const std::map<std::string, fragment>& fragments, const std::vector<model::entrypoint>& entrypoints,
             const model::snapshot& before)
{
    merged result;
    service_directory services;
    router_directory declared(entrypoints);
    for (const auto& [key, from] : fragments) {
        auto owner = origin_of(from);
        collect_problems(from, result.problems);
        services.declare(owner);
        declared.declare(owner, result.problems);
        for (const auto& [id, certificate] : from.certificates) result.desired.certificates.emplace(id, certificate);
    }
    services.agree(result.problems);
    auto routers = declared.agree(result.problems);
    for (auto& router : routers) resolve_service(router, services, result.problems);
    settle_inside_apps(routers, result.problems);
    settle_across_apps(routers, before, result.problems);
    for (auto& router : routers) {
        if (router.spec.entrypoints.empty()) continue;
        auto& all = result.desired.routers;
        all.emplace_hint(all.end(), router.name.id(), std::move(router.spec));
    }
    std::move(services).publish(result.desired);
    return result;
}

}  // namespace lintel::discovery
