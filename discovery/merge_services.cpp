#include "discovery/merge_services.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "model/json.hpp"

#include <unordered_set>

namespace lintel::discovery {

namespace {

std::string text_of(const model::health_check& check)
{
    if (!check.grpc) return "";
    return units::format(check.interval) + ' ' + units::format(check.timeout) + ' ' + std::to_string(check.port);
}

/// Everything that sources must agree on to share the load of one service.
std::string content_of(const model::service& spec)
{
    return std::string(spec.pass_host ? "" : "own host ").append(model::name_of(spec.scheme)) + '\n' + spec.transport +
           '\n' + std::to_string(spec.proxy_protocol) + '\n' + text_of(spec.check);
}

void resolve_transport(service_directory::entry& service, std::string_view provider,
                       const set_directory<model::transport>& transports, std::vector<problem>& problems)
{
    auto& written = service.spec.transport;
    if (written.empty()) return;
    auto found = transports.find(provider, written);
    if (found) {
        written = (*found)->id;
        return;
    }
    problems.push_back({service.spec.source + ": service " + service.id,
                        found.error().what + "; routers that use this service are closed"});
    if (service.refusal.empty()) service.refusal = found.error().what;
    written.clear();
}

}  // namespace

void service_directory::declare(const origin& owner, const std::vector<declared_service>& declared)
{
    const auto& from = *owner.from;
    for (const auto& service : declared) {
        declared_[{from.provider, from.app, service.name}].push_back({owner, &service});
    }
    for (const auto& [id, endpoint] : from.endpoints) endpoints_.try_emplace(id, &endpoint);
}

void service_directory::agree(const set_directory<model::transport>& transports, std::vector<problem>& problems)
{
    for (auto& [name, all] : declared_) {
        auto agreed = agreed_.emplace_hint(agreed_.end(), name, agree_on(name, all, problems));
        resolve_transport(agreed->second, name.provider, transports, problems);
    }
}

service_directory::entry service_directory::agree_on(const full_name& name, candidates<declared_service>& all,
                                                     std::vector<problem>& problems) const
{
    for (auto& each : all) each.content = content_of(each.what->spec);
    const auto& winner = heaviest(all);
    report_others(all, winner, kind_, problems);
    entry agreed;
    agreed.id = name.id() + suffix_;
    agreed.spec = winner.what->spec;
    agreed.spec.source.clear();
    auto& endpoints = agreed.spec.endpoints;
    endpoints.clear();
    for (const auto& [owner, what, content] : all) {
        agreed.implicit = agreed.implicit && what->implicit;
        if (agreed.refusal.empty()) agreed.refusal = what->refusal;
        if (content != winner.content) continue;
        if (agreed.spec.source.empty()) agreed.spec.source = what->spec.source;
        endpoints.insert(endpoints.end(), what->spec.endpoints.begin(), what->spec.endpoints.end());
    }
    std::ranges::sort(endpoints);
    auto repeated = std::ranges::unique(endpoints);
    endpoints.erase(repeated.begin(), repeated.end());
    return agreed;
}

checked<const service_directory::entry*> service_directory::find(const full_name& from, std::string_view reference)
{
    auto own = agreed_.find({from.provider, from.app, reference});
    if (own != agreed_.end()) return &own->second;

    auto at = reference.rfind('@');
    auto name = reference.substr(0, at);
    auto provider = at == std::string_view::npos ? from.provider : reference.substr(at + 1);
    if (provider == from.provider) own = agreed_.find({from.provider, from.app, name});
    if (own != agreed_.end()) return &own->second;

    auto found = find_across_apps(provider, name);
    if (found) return found;
    return std::unexpected(problem{"", kind_ + ' ' + text::printable(reference, 80) + ' ' + found.error().what});
}

checked<const service_directory::entry*> service_directory::find_across_apps(std::string_view provider,
                                                                             std::string_view name)
{
    if (across_apps_.empty()) {
        for (const auto& [full, unused] : agreed_) across_apps_[{full.provider, full.name}].push_back(full);
    }
    auto found = across_apps_.find({provider, name});
    if (found == across_apps_.end()) return std::unexpected(problem{"", "does not exist"});
    if (found->second.size() == 1) return &agreed_.at(found->second.front());
    std::vector<std::string> apps;
    for (const auto& each : found->second)
        apps.push_back(each.app.empty() ? "the engine's own" : std::string(each.app));
    return std::unexpected(problem{"", "exists in several apps: " + text::join(apps, ", ")});
}

void service_directory::publish(model::snapshot& into) &&
{
    std::unordered_set<std::string_view> used;
    for (const auto& [id, router] : into.routers) used.insert(router.service);
    for (const auto& [id, router] : into.tcp_routers) used.insert(router.service);
    for (auto& [name, entry] : agreed_) {
        if (entry.implicit && !used.contains(entry.id)) continue;
        for (const auto& id : entry.spec.endpoints) {
            if (auto known = endpoints_.find(id); known != endpoints_.end())
                into.endpoints.try_emplace(id, *known->second);
        }
        into.services.emplace_hint(into.services.end(), std::move(entry.id), std::move(entry.spec));
    }
}

}  // namespace lintel::discovery
