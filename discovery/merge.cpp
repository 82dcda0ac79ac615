#include "discovery/merge.hpp"

#include "discovery/merge_services.hpp"
#include "discovery/merge_sets.hpp"
#include "discovery/settle.hpp"
#include "model/unresolved.hpp"

namespace lintel::discovery {

namespace {

/// Files name themselves in every problem; a container's labels don't say whose they are.
void collect_problems(const fragment& from, std::vector<problem>& problems)
{
    for (const auto& [where, what] : from.problems) {
        problems.push_back({from.provider == "file" ? where : from.source + ": " + where, what});
    }
}

/// There is one default certificate: the first.
void add_certificates(const fragment& from, model::objects<model::certificate>& into, std::vector<problem>& problems)
{
    for (const auto& [id, certificate] : from.certificates) {
        auto other = std::ranges::find_if(into, [](const auto& each) { return each.second.is_default; });
        bool second = certificate.is_default && other != into.end() && other->first != id;
        auto known = into.try_emplace(id, certificate).first;
        known->second.is_default = (known->second.is_default || certificate.is_default) && !second;
        if (second) {
            problems.push_back({from.source + ": the default certificate",
                                "another file declares one that counts; this one serves only the names in it"});
        }
    }
}

using option_sets = set_directory<model::tls_options>;
using transport_sets = set_directory<model::transport>;

/// Everything that fragments declare, by name.
struct declarations {
    explicit declarations(const entrypoint_names& entrypoints) : routers(entrypoints), tcp_routers(entrypoints) {}

    void add(const fragment& from, std::vector<problem>& problems)
    {
        auto owner = origin_of(from);
        services.declare(owner, from.services);
        tcp_services.declare(owner, from.tcp_services);
        options.declare(from, from.tls_option_sets, problems);
        transports.declare(from, from.transports, problems);
        routers.declare(owner, problems);
        tcp_routers.declare(owner);
    }

    router_directory routers;
    tcp_router_directory tcp_routers;
    service_directory services{"service", ""}, tcp_services{"TCP service", "@tcp"};
    option_sets options{"TLS options"};
    transport_sets transports{"transport"};
};

/// Puts the service's id in place of its name. A router whose service can't be told, or can't be kept to its word, is
/// closed: without it, a wider router of somebody else would answer.
template <class Router>
void resolve_service(Router& router, service_directory& services, std::vector<problem>& problems)
{
    auto& spec = router.spec;
    if (!spec.refusal.empty()) return;
    auto found = services.find(router.name, spec.service);
    if (!found) problems.push_back({router.where(), found.error().what});
    spec.refusal = found ? (*found)->refusal : found.error().what;
    spec.service = found ? (*found)->id : "";
}

/// Puts the id of the TLS options in place of their name; none stands for "default". Options that can't be had close
/// the router, which keeps their name for settle_handshakes().
template <class Router>
void resolve_options(Router& router, const option_sets& sets, std::vector<problem>& problems)
{
    auto& written = router.spec.tls_options;
    auto name = written.substr(0, written.rfind('@'));
    bool standard = name.empty() || name == model::default_tls_options;
    if (standard) written.clear();
    auto found = sets.find(router.name.provider, standard ? model::default_tls_options : written);
    if (found) {
        if (!standard) written = (*found)->id;
        return;
    }
    if (standard && found.error().what.ends_with("does not exist")) return;
    if (!router.spec.refusal.empty()) return;
    router.spec.refusal = found.error().what + ", so this router is closed rather than served without them";
    problems.push_back({router.where(), router.spec.refusal});
}

/// A handshake has nothing but its name to choose options by: those of a router for any name are never asked for.
template <class Router>
void refuse_options_of_no_host(Router& router, const std::vector<std::string>& names, std::vector<problem>& problems)
{
    auto& spec = router.spec;
    if (spec.tls_options.empty() || std::ranges::find(names, "*") == names.end()) return;
    spec.tls_options.clear();
    if (!spec.refusal.empty()) return;
    spec.refusal = "it names TLS options, but no host that a handshake could choose them by";
    problems.push_back({router.where(), spec.refusal + "; this router is closed, name its hosts"});
}

std::ptrdiff_t count_tls(const std::vector<std::string>& names, const entrypoint_names& entrypoints)
{
    return std::ranges::count_if(names, [&](const auto& each) { return entrypoints.is_tls(each); });
}

/// A router that is closed does nothing else.
void disarm(model::router& spec)
{
    if (spec.refusal.empty()) return;
    spec.service.clear();
    spec.canonical_host.clear();
    spec.redirect_to_https = false;
    spec.ask.clear();
}

void resolve(agreed_router& router, declarations& all, const entrypoint_names& entrypoints,
             std::vector<problem>& problems)
{
    auto& spec = router.spec;
    if (!spec.redirect_to_https && spec.canonical_host.empty()) resolve_service(router, all.services, problems);
    auto encrypted = count_tls(spec.entrypoints, entrypoints);
    if (encrypted > 0) resolve_options(router, all.options, problems);
    bool clear = encrypted < std::ssize(spec.entrypoints);
    if (clear && !spec.tls_options.empty() && spec.refusal.empty()) {
        spec.refusal = "it names TLS options, which can't be kept where it is served in clear text";
        problems.push_back({router.where(), spec.refusal + "; this router is closed"});
    }
    refuse_options_of_no_host(router, router.rule->names, problems);
    disarm(spec);
}

void resolve(agreed_tcp_router& router, declarations& all, std::vector<problem>& problems)
{
    resolve_service(router, all.tcp_services, problems);
    if (router.spec.security == model::tcp_security::ended) {
        resolve_options(router, all.options, problems);
        refuse_options_of_no_host(router, router.spec.names, problems);
    }
    if (!router.spec.refusal.empty()) router.spec.service.clear();
}

bool ends_tls(const model::router&) { return true; }
bool ends_tls(const model::tcp_router& spec) { return spec.security == model::tcp_security::ended; }

template <class Router, class Object>
void publish(std::vector<Router>& routers, model::objects<Object>& into, terms_by_router& terms)
{
    for (auto& router : routers) {
        if (router.spec.entrypoints.empty()) continue;
        auto id = router.name.id();
        if (!router.certificate.empty() && ends_tls(router.spec)) {
            router.certificate.source = router.where();
            terms.emplace_hint(terms.end(), id, std::move(router.certificate));
        }
        into.emplace_hint(into.end(), std::move(id), std::move(router.spec));
    }
}

}  // namespace

merged merge(const std::map<std::string, fragment>& fragments, const std::vector<model::entrypoint>& entrypoints,
             const model::snapshot& before)
{
    merged result;
    auto& problems = result.problems;
    auto& desired = result.desired;
    entrypoint_names listening(entrypoints);
    declarations all(listening);
    for (const auto& [key, from] : fragments) {
        collect_problems(from, problems);
        all.add(from, problems);
        add_certificates(from, desired.certificates, problems);
    }
    all.services.agree(all.transports, problems);
    all.tcp_services.agree(all.transports, problems);
    auto routers = all.routers.agree(problems);
    auto tcp_routers = all.tcp_routers.agree(problems);
    for (auto& router : routers) resolve(router, all, listening, problems);
    for (auto& router : tcp_routers) resolve(router, all, problems);

    settle_inside_apps(routers, problems);
    settle_inside_apps(tcp_routers, problems);
    auto contenders = by_age(routers, tcp_routers, before);
    settle_across_apps(contenders, listening, problems);
    settle_handshakes(contenders, listening, problems);

    publish(routers, desired.routers, result.certificate_terms);
    publish(tcp_routers, desired.tcp_routers, result.tcp_certificate_terms);
    std::move(all.services).publish(desired);
    std::move(all.tcp_services).publish(desired);
    all.options.publish(desired.tls_option_sets);
    all.transports.publish(desired.transports);
    model::close_unresolved(desired);
    return result;
}

}  // namespace lintel::discovery
