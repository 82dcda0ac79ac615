#pragma once
// What one worker of the edge has. Nothing here is shared with another worker but what says so.

#include "http/connection_book.hpp"
#include "http/tunnel.hpp"
#include "net/resolver.hpp"
#include "net/snapshot_cell.hpp"
#include "net/worker.hpp"
#include "proxy/access_log.hpp"
#include "proxy/admission.hpp"
#include "proxy/counters.hpp"
#include "proxy/name_finder.hpp"
#include "proxy/routing/route_table.hpp"
#include "proxy/settings.hpp"
#include "proxy/upstream/retry_budget.hpp"
#include "tls/server.hpp"

#include <functional>
#include <list>
#include <random>

namespace lintel::proxy {

using table_cell = net::snapshot_cell<route_table>;

class tcp_connection;

struct worker_state {
    worker_state(net::worker& home, std::size_t number, const proxy::settings& what, proxy::admission& door,
                 const table_cell& tables, const tls::store_cell& certificates, access_ring* ring,
                 std::function<void(endpoint_ptr)> on_suspect, std::function<void()> on_starved,
                 std::function<void(std::string)> on_name)
        : loop(home),
          index(number),
          settings(what),
          admission(door),
          clients(std::max<std::size_t>(1, what.max_heads / what.workers)),
          routes(tables),
          tls(certificates),
          waiting_names(home, routes, tls,
                        {std::max<std::size_t>(1, what.max_waiting_names / what.workers), what.name_patience},
                        std::move(on_name)),
          names(home, what.dns),
          access(ring),
          suspect(std::move(on_suspect)),
          drop_pools(std::move(on_starved)),
          random(seeded())
    {
        tls.look_up_with(waiting_names);
        tls.limit_handshakes(std::max<std::size_t>(1, what.max_handshakes / what.workers));
        for (const auto& each : what.entrypoints) {
            limits.push_back({what.head, model::overridden(what.http, each.options)});
            introduced_by.push_back(net::network_set::parse(each.proxy_protocol_from).value());
        }
    }

    static std::mt19937_64 seeded()
    {
        std::random_device source;
        std::seed_seq seed{source(), source(), source(), source(), source(), source(), source(), source()};
        return std::mt19937_64(seed);
    }

    /// Connections from there begin with a PROXY header.
    bool must_introduce(std::size_t entrypoint, const net::address& peer) const
    {
        return introduced_by[entrypoint].contains(peer);
    }

    /// What holds for a request of this route.
    const model::http_options& options_of(const route& which, std::size_t entrypoint) const
    {
        return which.options.empty() ? limits[entrypoint].options : which.options[entrypoint];
    }

    /// Lets go of what can be spared when descriptors have run out: some idle clients now, the pools in a moment.
    /// False when no client was idle.
    bool shed()
    {
        constexpr std::size_t a_few = 16;
        drop_pools();
        auto closed = clients.shed_idle(a_few);
        counters.add(counter::connections_shed, static_cast<std::int64_t>(closed));
        return closed > 0;
    }

    /// Where there is an access log.
    void write(const access_record& record)
    {
        if (access == nullptr) return;
        if (!access->push(access_log::format(record))) counters.add(counter::access_lines_dropped);
    }

    net::worker& loop;
    std::size_t index;
    const proxy::settings& settings;
    proxy::admission& admission;                  ///< shared by the workers
    std::vector<http::connection_limits> limits;  ///< one per entrypoint
    std::vector<net::network_set> introduced_by;  ///< PROXY headers, one per entrypoint
    http::connection_book clients;
    table_cell::reader routes;
    tls::server tls;
    name_finder waiting_names;  ///< thread-safe is what it tells: a handshake waits for this name's certificate
    net::resolver names;
    access_ring* access;                        ///< null: no access log
    std::function<void(endpoint_ptr)> suspect;  ///< thread-safe: this endpoint stopped answering, probe it
    std::function<void()> drop_pools;           ///< thread-safe: close idle upstream connections of all workers
    std::mt19937_64 random;
    std::size_t collected_bytes = 0;  ///< of request bodies that are read before an app is asked
    retry_budget retries;
    std::list<http::tunnel*> tunnels;  ///< open now
    std::list<tcp_connection*> tcp_connections;
    proxy::counters counters;
};

}  // namespace lintel::proxy
