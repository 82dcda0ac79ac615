#pragma once
// A connection that a TCP router takes, from its first byte to its last.

#include "net/connect_host.hpp"
#include "proxy/access_log.hpp"
#include "proxy/arrival.hpp"
#include "proxy/outcome.hpp"
#include "proxy/tcp_relay.hpp"
#include "proxy/upstream/lease.hpp"
#include "proxy/worker_state.hpp"

#include <list>
#include <optional>

namespace lintel::proxy {

/// Counts as in flight on its endpoint and is found among the worker's TCP connections until it ends.
class tcp_connection {
public:
    /// `from` has a route, and TLS has ended where it says so.
    tcp_connection(worker_state& worker, std::size_t entrypoint, arrival from);
    tcp_connection(const tcp_connection&) = delete;
    ~tcp_connection();

    /// Finds an endpoint that takes it and passes bytes on until both sides have ended. Where none does, the client is
    /// cut. Once.
    task<void> run();

    /// Ends run() at whatever it is.
    void cut();

private:
    task<outcome> serve();
    task<outcome> reach();
    task<outcome> try_one(const endpoint_ptr& target);
    task<result<void>> introduce();
    void write_line(const outcome& result);

    worker_state& worker_;
    arrival from_;
    const model::http_options& options_;
    access_record record_;
    std::list<tcp_connection*>::iterator place_;
    counted open_;
    bool cut_ = false;
    std::optional<net::host_connect> connecting_;
    std::optional<in_flight> in_flight_;
    std::unique_ptr<net::stream> upstream_;
    std::optional<tcp_relay> relay_;
};

}  // namespace lintel::proxy
