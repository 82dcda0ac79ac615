#pragma once
// Everything the edge knows, and the difference between two such states.

#include "base/result.hpp"
#include "model/objects.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lintel::model {

template <class Object>
using objects = std::map<std::string, Object, std::less<>>;  // id → spec

struct snapshot {
    objects<router> routers;
    objects<service> services;
    objects<endpoint> endpoints;
    objects<certificate> certificates;
    objects<tcp_router> tcp_routers;
    objects<tls_options> tls_option_sets;
    objects<transport> transports;
    objects<challenge> challenges;

    bool operator==(const snapshot&) const = default;
};

/// One step from `base` to `version`. `reset`: forget everything first, then apply (the full snapshot at connect).
struct delta {
    std::uint64_t base = 0;
    std::uint64_t version = 0;
    bool reset = false;
    snapshot upsert;
    struct removed {
        std::vector<std::string> routers, services, endpoints, certificates, tcp_routers, tls_option_sets, transports,
            challenges;
        bool operator==(const removed&) const = default;
    } remove;

    bool empty() const { return !reset && upsert == snapshot{} && remove == removed{}; }
};

/// What turns `before` into `after`; base and version are left 0.
delta difference(const snapshot& before, const snapshot& after);

/// The same of all that sources say: certificates and challenges are left as they are.
delta routing_difference(const snapshot& before, const snapshot& after);

void apply(snapshot& target, const delta& step);

/// Makes one step of two that follow each other. What matters is where they lead: an object that came and went is
/// removed all the same.
void fold(delta& first, delta next);

/// The texts of one object may have this many bytes together: one that is larger would not fit into a frame of the
/// link, and would stand in the way of all others.
inline constexpr std::size_t object_limit_bytes = 128 * 1024;

/// Takes out what is larger and closes what can't be kept to its word without it; says what its source must be told.
std::vector<problem> remove_oversized(snapshot& whole);

}  // namespace lintel::model
