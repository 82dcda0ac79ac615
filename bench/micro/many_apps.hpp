#pragma once
// Snapshots of many apps: a router, a service and an endpoint each.

#include "model/snapshot.hpp"

#include <string>

namespace lintel::bench {

/// "app-42.example.org", or "*.app-42.example.org".
inline std::string host_of(std::size_t app, std::string_view before = "")
{
    return std::string(before) + "app-" + std::to_string(app) + ".example.org";
}

inline std::string router_id(std::size_t app) { return "router-" + std::to_string(app); }

/// App number `app` under `rule`, added to `whole`.
inline void add_app(model::snapshot& whole, std::size_t app, std::string rule)
{
    auto number = std::to_string(app);
    auto& router = whole.routers[router_id(app)];
    router.rule = std::move(rule);
    router.entrypoints = {"http"};
    router.service = "service-" + number;
    router.source = "container app-" + number + ", label lintel.host";
    whole.services[router.service].endpoints = {"endpoint-" + number};
    auto& endpoint = whole.endpoints["endpoint-" + number];
    endpoint.host = "10.0." + std::to_string(app / 256 % 256) + "." + std::to_string(app % 256);
    endpoint.port = 3000;
    endpoint.ready = model::readiness::ready;
}

/// Apps 0 to `count` - 1, each under the rule that `rule_of(app)` returns.
model::delta many_apps(std::size_t count, auto rule_of)
{
    model::delta step;
    step.reset = true;
    for (std::size_t app = 0; app < count; ++app) add_app(step.upsert, app, rule_of(app));
    return step;
}

}  // namespace lintel::bench
