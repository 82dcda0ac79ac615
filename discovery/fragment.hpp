#pragma once
// What one source (a container, a file) asks for, before it is weighed against the others.

#include "base/result.hpp"
#include "discovery/certificate_terms.hpp"
#include "model/objects.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lintel::discovery {

/// A named object as its source declares it.
template <class Spec>
struct named {
    std::string name;
    Spec spec;

    bool operator==(const named&) const = default;
};

/// `spec.entrypoints`: the names as written, none where the source names none. `spec.service`: the name as written,
/// "name" or "name@provider": looked for in the router's own app first, then across all apps of the provider, where it
/// must be unique. `spec.tls_options`: see declared_set; empty stands for "default". merge() replaces them by what they
/// stand for.
struct declared_router {
    std::string name;
    model::router spec;
    bool tls = false;  ///< served over TLS only; without it, as its entrypoints speak
    certificate_terms certificate{};

    bool operator==(const declared_router&) const = default;
};

struct declared_service {
    std::string name;
    model::service spec;    ///< `transport`: as declared_set says
    std::string refusal;    ///< where set, routers that use it answer 503 with this sentence
    bool implicit = false;  ///< nobody wrote it down: left out where no router uses it

    bool operator==(const declared_service&) const = default;
};

/// `spec.entrypoints`, `spec.service` and `spec.tls_options` as a router's; the service is one of `tcp_services`.
struct declared_tcp_router {
    std::string name;
    model::tcp_router spec;
    certificate_terms certificate{};

    bool operator==(const declared_tcp_router&) const = default;
};

/// TLS options or a transport. Routers name them "name" or "name@provider": looked for in the router's own provider
/// first, then in all, where it must be unique.
template <class Spec>
struct declared_set {
    std::string name;
    Spec spec;
    std::string refusal;  ///< where set, it can't be kept to its word: routers that need it are closed

    bool operator==(const declared_set&) const = default;
};

/// Names are keyed by (provider, app, name) in merge().
struct fragment {
    std::string provider;  ///< "docker", "file" or "lintel" (built in)
    std::string app;       ///< see decisions: lintel.app, compose project, stack, or "" for plain containers and files
    std::string source;    ///< for people: "container web (3f2a9c81d0e4)" or "file /etc/lintel/routes/a.yml"
    std::int64_t since =
        0;  ///< when the source came to be, nanoseconds of the wall clock: the older owner of a host keeps it
    std::vector<declared_router> routers;
    std::vector<declared_service> services;
    std::vector<declared_tcp_router> tcp_routers;
    std::vector<declared_service> tcp_services;  ///< names of their own: http and tcp may have one of the same name
    std::vector<declared_set<model::tls_options>> tls_option_sets;
    std::vector<declared_set<model::transport>> transports;
    std::vector<named<model::endpoint>> endpoints;        ///< names are endpoint ids already
    std::vector<named<model::certificate>> certificates;  ///< names are ids (fingerprints) already
    std::vector<problem> problems;  ///< what was ignored and why; `where` names the label, or file:line:column

    bool operator==(const fragment&) const = default;
};

}  // namespace lintel::discovery
