#include "discovery/merge_tcp.hpp"

#include "base/text.hpp"

namespace lintel::discovery {

namespace {

using model::tcp_security;

std::string where_of(const declared_tcp_router& router) { return router.spec.source + ": TCP router " + router.name; }

/// Everything that two sources must agree on to mean the same router.
std::string content_of(const declared_tcp_router& router)
{
    const auto& spec = router.spec;
    auto security = std::to_string(static_cast<int>(spec.security));
    return text::join(spec.names, ",") + '\n' + text::join(canonical_names(spec.entrypoints), ",") + '\n' +
           std::to_string(spec.priority) + '\n' + spec.service + '\n' + security + '\n' + spec.tls_options +
           discovery::content_of(router.certificate);
}

/// Why a router can't be on an entrypoint; empty where it can. HTTP in clear text is what `http` is for, and what
/// speaks TLS can't be taken for anything else.
std::string obstacle(const declared_tcp_router& router, const model::entrypoint& where)
{
    if (where.name == "http") return "http speaks HTTP, so this router is left out there; name another entrypoint";
    bool clear = router.spec.security == tcp_security::clear;
    if (clear && speaks_tls(where))
        return where.name +
               " speaks TLS, and this router doesn't, so it is left out there; give it tls, or name another";
    return "";
}

}  // namespace

void tcp_router_directory::declare(const origin& owner)
{
    const auto& from = *owner.from;
    for (const auto& router : from.tcp_routers) {
        declared_[{from.provider, from.app, router.name}].push_back({owner, &router});
    }
}

std::vector<agreed_tcp_router> tcp_router_directory::agree(std::vector<problem>& problems) const
{
    std::vector<agreed_tcp_router> agreed;
    for (auto [name, all] : declared_) {
        for (auto& each : all) each.content = content_of(*each.what);
        const auto& winner = heaviest(all);
        report_others(all, winner, "TCP router", problems);
        auto same = [&](const auto& each) { return each.content == winner.content; };
        const auto& chosen = *std::ranges::find_if(all, same)->what;
        agreed_tcp_router router{name, chosen.spec, winner.weighs(), oldest(all), chosen.certificate};
        for (const auto& each : all) {
            // As with HTTP: closed for all where one restricts access in a way that can't be kept.
            if (router.spec.refusal.empty()) router.spec.refusal = each.what->spec.refusal;
        }
        router.spec.entrypoints = entrypoints_for(*winner.what, problems);
        if (!router.spec.entrypoints.empty()) agreed.push_back(std::move(router));
    }
    return agreed;
}

/// Where the router is; empty, and the reason reported, when it is nowhere. None named: everything that speaks TLS;
/// what comes in clear text has no name to be told from others by, and needs an entrypoint of its own.
std::vector<std::string> tcp_router_directory::entrypoints_for(const declared_tcp_router& router,
                                                               std::vector<problem>& problems) const
{
    auto where = where_of(router);
    std::vector<std::string> chosen;
    if (router.spec.entrypoints.empty()) {
        for (const auto& each : entrypoints_.all()) {
            if (router.spec.security != tcp_security::clear && speaks_tls(each)) chosen.push_back(each.name);
        }
        if (chosen.empty())
            problems.push_back({where, "it names no entrypoint, so it is left out; name one of its own"});
        std::ranges::sort(chosen);
        return chosen;
    }
    auto named = entrypoints_.find(router.spec.entrypoints, where, problems);
    for (const auto* entrypoint : named) {
        auto why = obstacle(router, *entrypoint);
        if (why.empty())
            chosen.push_back(entrypoint->name);
        else
            problems.push_back({where, std::move(why)});
    }
    if (named.empty()) problems.push_back({where, "none of its entrypoints exists, so it is left out"});
    std::ranges::sort(chosen);
    return chosen;
}

}  // namespace lintel::discovery
