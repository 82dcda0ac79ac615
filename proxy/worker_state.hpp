#pragma once
// What one worker of the edge has. Nothing here is shared with another worker but what says so.

#include "http/tunnel.hpp"
#include "net/resolver.hpp"
#include "net/snapshot_cell.hpp"
#include "net/worker.hpp"
#include "proxy/access_log.hpp"
#include "proxy/counters.hpp"
#include "proxy/routing/route_table.hpp"
#include "proxy/settings.hpp"
#include "proxy/upstream/retry_budget.hpp"
#include "tls/server.hpp"

#include <functional>
#include <list>
#include <random>

namespace lintel::proxy {

using table_cell = net::snapshot_cell<route_table>;

struct worker_state {
    worker_state(net::worker& home, std::size_t number, const proxy::settings& what, const table_cell& tables,
                 const tls::store_cell& certificates, access_ring* ring, std::function<void(endpoint_ptr)> on_suspect)
        : loop(home),
          index(number),
          settings(what),
          routes(tables),
          tls(certificates),
          names(home, what.dns),
          access(ring),
          suspect(std::move(on_suspect)),
          random(std::random_device{}())
    {
    }

    net::worker& loop;
    std::size_t index;
    const proxy::settings& settings;
    table_cell::reader routes;
    tls::server tls;
    net::resolver names;
    access_ring* access;                        ///< null: no access log
    std::function<void(endpoint_ptr)> suspect;  ///< thread-safe: this endpoint stopped answering, probe it
    std::mt19937_64 random;
    retry_budget retries;
    std::list<http::tunnel*> tunnels;  ///< open now
    proxy::counters counters;
};

}  // namespace lintel::proxy
