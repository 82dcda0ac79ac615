#include "discovery/settle.hpp"

#include <tuple>
#include <unordered_map>

namespace lintel::discovery {

namespace {

/// Two routers of one place would answer the same requests, and nothing says which. `what`: a rule, or a name.
struct place {
    full_name app;  ///< without a name
    std::string_view entrypoint;
    std::string_view what;
    std::int64_t priority;
    bool clear;

    bool operator==(const place&) const = default;
};

struct place_hash {
    std::size_t operator()(const place& key) const
    {
        return text_pair_hash{}({key.what, key.app.app}) * 31 + std::hash<std::string_view>{}(key.entrypoint);
    }
};

full_name app_of(const full_name& name) { return {name.provider, name.app, ""}; }

std::vector<std::string_view> asked_by(const agreed_router& router) { return {router.rule->rule}; }
std::vector<std::string_view> asked_by(const agreed_tcp_router& router)
{
    return {router.spec.names.begin(), router.spec.names.end()};
}

place place_of(const agreed_router& router, std::string_view entrypoint, std::string_view rule)
{
    auto written = router.spec.priority;
    auto priority = written == 0 ? static_cast<std::int64_t>(router.spec.rule.size()) : written;
    return {app_of(router.name), entrypoint, rule, priority, false};
}

place place_of(const agreed_tcp_router& router, std::string_view entrypoint, std::string_view name)
{
    bool clear = router.spec.security == model::tcp_security::clear;
    return {app_of(router.name), entrypoint, name, router.spec.priority, clear};
}

bool same_outcome(const model::router& a, const model::router& b)
{
    auto outcome = [](const auto& r) { return std::tie(r.service, r.redirect_to_https, r.refusal, r.canonical_host); };
    return outcome(a) == outcome(b);
}

bool same_outcome(const model::tcp_router& a, const model::tcp_router& b)
{
    auto outcome = [](const auto& r) { return std::tie(r.service, r.security, r.refusal); };
    return outcome(a) == outcome(b);
}

bool counts_before(const auto& a, const auto& b)
{
    auto rank = [](const auto& each) { return std::pair(!each.spec.refusal.empty(), each.weighs); };
    return rank(a) > rank(b);
}

template <class Router>
void settle(std::vector<Router>& routers, std::vector<problem>& problems)
{
    std::unordered_map<place, const Router*, place_hash> winners;
    winners.reserve(2 * routers.size());
    for (const auto& router : routers) {
        for (const auto& entrypoint : router.spec.entrypoints) {
            for (auto what : asked_by(router)) {
                auto& winner = winners[place_of(router, entrypoint, what)];
                if (!winner || counts_before(router, *winner)) winner = &router;
            }
        }
    }
    std::vector<std::pair<Router*, std::string>> lost;
    for (auto& router : routers) {
        for (const auto& entrypoint : router.spec.entrypoints) {
            for (auto what : asked_by(router)) {
                const auto& winner = *winners.at(place_of(router, entrypoint, what));
                if (same_outcome(winner.spec, router.spec)) continue;
                problems.push_back({router.where(), std::string(what) + " on " + entrypoint + " goes to router " +
                                                        std::string(winner.name.name) + " of " + winner.spec.source});
                lost.emplace_back(&router, entrypoint);
            }
        }
    }
    for (auto& [router, entrypoint] : lost) std::erase(router->spec.entrypoints, entrypoint);
}

}  // namespace

void settle_inside_apps(std::vector<agreed_router>& routers, std::vector<problem>& problems)
{
    settle(routers, problems);
}

void settle_inside_apps(std::vector<agreed_tcp_router>& routers, std::vector<problem>& problems)
{
    settle(routers, problems);
}

}  // namespace lintel::discovery
