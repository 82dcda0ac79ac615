#pragma once
// Docker or Podman: containers and their labels, kept current by the engine's event stream (reference: Docker Engine
// API 1.41 and later).

#include "discovery/catalogue.hpp"
#include "discovery/engine_settings.hpp"
#include "http/fetch.hpp"
#include "net/task.hpp"

#include <memory>

namespace lintel::discovery {

class engine_provider {
public:
    /// `fetcher` and `into` outlive it.
    engine_provider(net::event_loop& home, http::fetcher& fetcher, engine_settings settings, catalogue& into);
    ~engine_provider();

    /// Runs until cancelled: connect, list, inspect, follow events; reconnects with back-off. While the engine is away
    /// what it said last stays.
    task<void> run();

private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace lintel::discovery
