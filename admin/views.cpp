#include "admin/views.hpp"

#include "model/json.hpp"
#include "model/rule.hpp"

#include <nlohmann/json.hpp>

#include <unistd.h>

namespace lintel::admin {

using json = nlohmann::json;

namespace {

std::string text_of(const json& value) { return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n"; }

json entry_of(const problem& one) { return {{"where", one.where}, {"what", one.what}}; }

json all_problems(const facts& known)
{
    json list = json::array();
    for (const auto& each : known.problems) list.push_back(entry_of(each));
    for (const auto& each : known.certificates.problems()) list.push_back(entry_of(each));
    for (const auto& [name, state] : known.catalogue.providers()) {
        for (const auto& each : state.problems) list.push_back(entry_of(each));
        if (!state.available && state.settled) list.push_back({{"where", name}, {"what", state.detail}});
    }
    for (const auto& each : known.publisher.edge().rejected) {
        list.push_back({{"where", each.kind + " " + each.id}, {"what", "the edge refused it: " + each.why}});
    }
    return list;
}

/// The edge's word where it has one; control's before that.
std::string state_of(const facts& known, const std::string& id, const model::endpoint& spec)
{
    if (spec.draining) return "draining";
    auto seen = known.publisher.edge().endpoints.find(id);
    if (seen != known.publisher.edge().endpoints.end()) return seen->second.state;
    return std::string(model::name_of(spec.ready));
}

json endpoints_of(const facts& known, const std::string& service_id)
{
    json list = json::array();
    const auto& all = known.publisher.current();
    auto service = all.services.find(service_id);
    if (service == all.services.end()) return list;
    for (const auto& id : service->second.endpoints) {
        auto spec = all.endpoints.find(id);
        if (spec == all.endpoints.end()) continue;
        const auto& endpoint = spec->second;
        list.push_back({{"id", id},
                        {"address", endpoint.host + ":" + std::to_string(endpoint.port)},
                        {"state", state_of(known, id, endpoint)},
                        {"source", endpoint.source}});
    }
    return list;
}

std::string service_state(const json& endpoints)
{
    bool ready = std::ranges::any_of(endpoints, [](const json& each) { return each.at("state") == "ready"; });
    return ready ? "serving" : "unavailable";
}

std::string state_of(const model::router& spec, const json& endpoints)
{
    if (!spec.refusal.empty()) return "closed";
    bool redirects = spec.redirect_to_https || !spec.canonical_host.empty();
    return redirects ? "redirects" : service_state(endpoints);
}

std::string state_of(const model::tcp_router& spec, const json& endpoints)
{
    return spec.refusal.empty() ? service_state(endpoints) : "closed";
}

std::int64_t priority_of(const model::router& spec)
{
    return spec.priority != 0 ? spec.priority : static_cast<std::int64_t>(spec.rule.size());
}

/// What routers of both protocols say.
template <class Router>
json entry_of(const facts& known, const std::string& id, const Router& spec)
{
    auto endpoints = endpoints_of(known, spec.service);
    json entry{{"id", id},
               {"entrypoints", spec.entrypoints},
               {"service", spec.service},
               {"source", spec.source},
               {"state", state_of(spec, endpoints)},
               {"endpoints", endpoints}};
    if (!spec.refusal.empty()) entry["why"] = spec.refusal;
    if (!spec.tls_options.empty()) entry["tls_options"] = spec.tls_options;
    return entry;
}

json counts(const facts& known, std::size_t problems)
{
    const auto& all = known.publisher.current();
    return {{"routers", all.routers.size() + all.tcp_routers.size()},
            {"services", all.services.size()},
            {"endpoints", all.endpoints.size()},
            {"certificates", all.certificates.size()},
            {"problems", problems}};
}

}  // namespace

std::string status_json(const facts& known)
{
    const auto& edge = known.publisher.edge();
    json body{
        {"version", LINTEL_VERSION},
        {"uptime_seconds", std::chrono::floor<std::chrono::seconds>(wall_clock::now() - known.started).count()},
        {"roles",
         {{"supervisor", {{"pid", known.supervisor_pid}}},
          {"control", {{"pid", ::getpid()}}},
          {"edge", {{"pid", edge.pid}}}}},
        {"edge", {{"connected", edge.connected}, {"version", known.publisher.version()}, {"applied", edge.applied}}},
        {"entrypoints", json::array()},
        {"providers", json::array()},
        {"counts", counts(known, all_problems(known).size())},
        {"stats", edge.counters}};
    for (const auto& each : known.entrypoints) {
        body["entrypoints"].push_back({{"name", each.name}, {"address", each.address}, {"tls", each.tls}});
    }
    for (const auto& [name, state] : known.catalogue.providers()) {
        body["providers"].push_back({{"name", name}, {"available", state.available}, {"detail", state.detail}});
    }
    return text_of(body);
}

std::string routes_json(const facts& known)
{
    json list = json::array();
    for (const auto& [id, spec] : known.publisher.current().routers) {
        auto entry = entry_of(known, id, spec);
        entry["protocol"] = "http";
        entry["rule"] = spec.rule;
        entry["priority"] = priority_of(spec);
        if (!spec.canonical_host.empty()) entry["canonical_host"] = spec.canonical_host;
        list.push_back(std::move(entry));
    }
    for (const auto& [id, spec] : known.publisher.current().tcp_routers) {
        auto entry = entry_of(known, id, spec);
        entry["protocol"] = "tcp";
        entry["rule"] = model::print_tcp_rule(spec.names);
        entry["priority"] = spec.priority;
        entry["tls"] = model::name_of(spec.security);
        list.push_back(std::move(entry));
    }
    return text_of({{"routes", list}});
}

std::string problems_json(const facts& known) { return text_of({{"problems", all_problems(known)}}); }

health health_json(const facts& known)
{
    json checks = json::array();
    bool good = true;
    auto check = [&](std::string name, bool ok, std::string detail) {
        good = good && ok;
        checks.push_back({{"name", std::move(name)}, {"ok", ok}, {"detail", std::move(detail)}});
    };
    const auto& edge = known.publisher.edge();
    check("edge", edge.connected, edge.connected ? "connected, pid " + std::to_string(edge.pid) : "not connected");
    check("snapshot", edge.applied == known.publisher.version(),
          "version " + std::to_string(edge.applied) + " of " + std::to_string(known.publisher.version()) + " in force");
    for (const auto& [name, state] : known.catalogue.providers()) check(name, state.available, state.detail);
    return {good, text_of({{"healthy", good}, {"checks", checks}})};
}

}  // namespace lintel::admin
