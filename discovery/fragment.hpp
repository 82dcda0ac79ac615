#pragma once
// What one source (a container, a file) asks for, before it is weighed against the others.

#include "base/result.hpp"
#include "model/objects.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lintel::discovery {

/// A named object as its source declares it. Names are keyed by (app, name) in merge().
template <class Spec>
struct named {
    std::string name;
    Spec spec;

    bool operator==(const named&) const = default;
};

/// A reference to a service as it was written: in the router's own app first, then across all apps of the provider,
/// where it must be unique.
/// In `model::router::service` a fragment carries the written name; merge() replaces it by the id.
struct fragment {
    std::string provider;  ///< "docker", "file" or "lintel" (built in)
    std::string app;       ///< see decisions: lintel.app, compose project, stack, or "" for plain containers and files
    std::string source;    ///< for people: "container web (3f2a9c81d0e4)" or "file /etc/lintel/routes/a.yml"
    std::int64_t since = 0;  ///< when the source came to be, nanoseconds of the wall clock: the older owner of a host keeps it
    std::vector<named<model::router>> routers;
    std::vector<named<model::service>> services;
    std::vector<named<model::endpoint>> endpoints;      ///< names are endpoint ids already
    std::vector<named<model::certificate>> certificates;  ///< names are ids (fingerprints) already
    std::vector<problem> problems;                        ///< what was ignored and why; `where` names label or line

    bool operator==(const fragment&) const = default;
};

}  // namespace lintel::discovery
