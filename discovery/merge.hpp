#pragma once
// All fragments → one snapshot. Pure: no I/O, no clock; the same fragments give the same snapshot in any order.

#include "discovery/catalogue.hpp"
#include "discovery/certificate_terms.hpp"
#include "model/entrypoint.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <string>
#include <vector>

namespace lintel::discovery {

using model::terms_by_router;

struct merged {
    model::snapshot desired;                ///< certificates: those that sources brought; the local CA's come later
    terms_by_router certificate_terms;      ///< of `desired.routers`
    terms_by_router tcp_certificate_terms;  ///< of `desired.tcp_routers` that end TLS: an id may be one of both kinds
    std::vector<problem> problems;  ///< the sources' own and the conflicts between them; `where` names source and key
};

/// Applies decisions.md "Endpoints and labels": names keyed by (app, name), same name and spec = one service that
/// shares the load, conflicts inside an app go to the newest healthy generation, across apps (the same host and rule)
/// to the older owner; entrypoints resolved, TLS routers kept off clear-text entrypoints; references resolved.
/// Router and service ids are "<provider>:<app>/<name>" ("<provider>:<name>" where the app is empty).
/// `before`: what is served now. A router that is served already counts as older than one that isn't: an app keeps its
/// host when a release, and so all of its containers, are replaced by younger ones than the rival's.
merged merge(const std::map<std::string, fragment>& fragments, const std::vector<model::entrypoint>& entrypoints,
             const model::snapshot& before = {});

}  // namespace lintel::discovery
