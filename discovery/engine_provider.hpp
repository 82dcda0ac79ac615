#pragma once
// Docker or Podman: containers and their labels, kept current by the engine's event stream (reference: Docker Engine
// API 1.41 and later).

#include "discovery/catalogue.hpp"
#include "http/fetch.hpp"
#include "net/task.hpp"

#include <memory>
#include <string>

namespace lintel::discovery {

struct engine_settings {
    std::string socket = "/var/run/docker.sock";
    std::string network;                ///< prefer this network's address where a container has several
    bool exposed_by_default = true;     ///< false: only containers with traefik.enable=true or a lintel.* label
};

class engine_provider {
public:
    engine_provider(net::executor home, http::fetcher& fetcher, engine_settings settings, catalogue& into);
    ~engine_provider();

    /// Runs until cancelled: connect, list, inspect, follow events; reconnects with back-off. While the engine is away
    /// what it said last stays.
    task<void> run();

private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace lintel::discovery
