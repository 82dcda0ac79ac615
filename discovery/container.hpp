#pragma once
// A container as the engine describes it, as far as routing cares.

#include "base/clock.hpp"
#include "model/objects.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::discovery {

using label_map = std::map<std::string, std::string>;

struct container {
    enum class status { created, running, paused, restarting, stopped };
    enum class health { none, starting, healthy, unhealthy };
    struct network {
        std::string name;
        std::string ipv4;  ///< empty where it has none
        std::string ipv6;  ///< global scope

        bool operator==(const network&) const = default;
    };

    std::string id;            ///< all 64 characters
    std::string name;          ///< without the leading slash
    std::int64_t created = 0;  ///< nanoseconds of the wall clock
    label_map labels;
    std::vector<std::uint16_t> tcp_ports;  ///< exposed, ascending
    std::vector<network> networks;         ///< by name
    std::string network_mode;              ///< "host", "container:<id>", or the name of a network
    status state = status::stopped;
    health checked = health::none;
    std::string stop_signal;  ///< what its image asks to be stopped with; empty = SIGTERM
    duration stop_timeout = std::chrono::seconds(10);

    bool draining = false;    ///< it was told to stop; known from events, not from an inspect
    std::string unreachable;  ///< why it can't have an address, where that is known

    std::string short_id() const { return id.substr(0, 12); }
    bool operator==(const container&) const = default;
};

/// Reads the answer of GET /containers/{id}/json (Docker, or Podman's compatible API). None when it is not one.
std::optional<container> read_container(std::string_view inspect_json);

model::readiness readiness_of(const container& what);

/// Whose network it shares: the id or name in network mode "container:<id>", else empty.
std::string network_owner(const container& what);

/// True when `signal` ("15", "TERM", "SIGTERM") asks this container to stop, rather than to reload or the like.
bool is_stopping_signal(const container& what, std::string_view signal);

}  // namespace lintel::discovery
