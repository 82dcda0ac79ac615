#include "discovery/merge_services.hpp"

#include "base/text.hpp"

#include <set>

namespace lintel::discovery {

void service_directory::declare(const origin& owner)
{
    const auto& from = *owner.from;
    for (const auto& service : from.services) {
        full_name name{from.provider, from.app, service.name};
        declared_[name].push_back({owner, &service, service.spec.pass_host ? "" : "no host"});
    }
    for (const auto& [id, endpoint] : from.endpoints) endpoints_.try_emplace(id, &endpoint);
}

void service_directory::agree(std::vector<problem>& problems)
{
    for (const auto& [name, all] : declared_) {
        agree_on(name, all, problems);
        across_apps_[{name.provider, name.name}].push_back(name);
    }
}

void service_directory::agree_on(const full_name& name, const candidates<declared_service>& all,
                                 std::vector<problem>& problems)
{
    const auto& winner = heaviest(all);
    report_others(all, winner, "service " + std::string(name.name), problems);
    auto& entry = agreed_[name];
    entry.id = name.id();
    entry.spec.pass_host = winner.what->spec.pass_host;
    auto& endpoints = entry.spec.endpoints;
    for (const auto& [owner, what, content] : all) {
        entry.implicit = entry.implicit && what->implicit;
        if (entry.refusal.empty()) entry.refusal = what->refusal;
        if (content != winner.content) continue;
        if (entry.spec.source.empty()) entry.spec.source = what->spec.source;
        endpoints.insert(endpoints.end(), what->spec.endpoints.begin(), what->spec.endpoints.end());
    }
    std::ranges::sort(endpoints);
    auto repeated = std::ranges::unique(endpoints);
    endpoints.erase(repeated.begin(), repeated.end());
}

checked<const service_directory::entry*> service_directory::find(const full_name& from,
                                                                 std::string_view reference) const
{
    auto own = agreed_.find({from.provider, from.app, reference});
    if (own != agreed_.end()) return &own->second;

    auto at = reference.rfind('@');
    auto name = reference.substr(0, at);
    auto provider = at == std::string_view::npos ? from.provider : reference.substr(at + 1);
    if (provider == from.provider) own = agreed_.find({from.provider, from.app, name});
    if (own != agreed_.end()) return &own->second;

    auto shown = text::printable(reference, 80);
    auto everywhere = across_apps_.find({provider, name});
    if (everywhere == across_apps_.end()) return std::unexpected(problem{"", "service " + shown + " does not exist"});
    if (everywhere->second.size() == 1) return &agreed_.at(everywhere->second.front());
    std::vector<std::string> apps;
    for (const auto& each : everywhere->second)
        apps.push_back(each.app.empty() ? "the engine's own" : std::string(each.app));
    return std::unexpected(problem{"", "service " + shown + " exists in several apps: " + text::join(apps, ", ")});
}

void service_directory::publish(model::snapshot& into) const
{
    std::set<std::string_view> used;
    for (const auto& [id, router] : into.routers) used.insert(router.service);
    for (const auto& [name, entry] : agreed_) {
        if (entry.implicit && !used.contains(entry.id)) continue;
        into.services.emplace(entry.id, entry.spec);
        for (const auto& id : entry.spec.endpoints) {
            if (auto known = endpoints_.find(id); known != endpoints_.end()) into.endpoints.emplace(id, *known->second);
        }
    }
}

}  // namespace lintel::discovery
