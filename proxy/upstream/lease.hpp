#pragma once
// The right to use one upstream connection for one call.

#include "net/connect_host.hpp"
#include "proxy/worker_state.hpp"

#include <memory>
#include <optional>

namespace lintel::proxy {

/// Which connections a request may take from the pool.
enum class freshness {
    any_pooled,     ///< it can be replayed when the connection turns out dead
    recently_used,  ///< it can't: only one used within the last second and silent since, or a new one
    new_only,       ///< nothing from the pool: the last one was dead, or the request is worth a connection
};

/// Counts as in flight on an endpoint until it goes. Belongs to one worker.
class in_flight {
public:
    in_flight(endpoint_ptr target, std::size_t worker);
    in_flight(in_flight&& other) noexcept = default;
    ~in_flight();

    endpoint& target() const { return *target_; }

private:
    endpoint_ptr target_;
    std::size_t worker_;
};

/// Holds the connection and counts as in flight on the endpoint until it goes. Belongs to one worker.
class lease {
public:
    /// `security`: the service's, which outlives the lease. `proxy_header`: what is said of the client ahead of
    /// everything else; such a connection is for this client alone.
    lease(worker_state& worker, endpoint_ptr target, const security_ptr& security, std::string proxy_header = {});
    lease(const lease&) = delete;

    /// Takes a pooled connection; false when there is none that will do.
    bool take_pooled(freshness demanded);

    /// Opens a new connection within `limit`, TLS included. Errors: as net::host_connect; those of tls::client where
    /// `failed_in_tls()`.
    task<result<void>> connect(duration limit);

    /// connect() failed though the endpoint took the connection. `tls_problem()` says what is wrong, for people.
    bool failed_in_tls() const { return in_tls_ && !connection_.call; }
    const std::string& tls_problem() const { return tls_problem_; }

    /// Gives up connecting: connect() returns at once.
    void abort();

    http::h1_upstream& call() { return *connection_.call; }

    /// The connection came from the pool: it may have died there.
    bool pooled() const { return connection_.call && connection_.call->used_before(); }

    /// The request goes on without the lease, as a tunnel.
    in_flight take_count() { return std::move(counted_); }

    /// After a complete call: back to the pool where it can be used again.
    void give_back();

private:
    task<result<std::unique_ptr<net::stream>>> open(std::unique_ptr<net::stream> stream, time_point end);
    bool make_room(std::vector<upstream_connection>& idle) const;

    worker_state& worker_;
    endpoint_ptr target_;
    in_flight counted_;
    const security_ptr& security_;
    std::string proxy_header_, tls_problem_;
    std::optional<net::host_connect> connecting_;
    net::stream* opening_ = nullptr;  ///< connected, and not ready for a request yet
    bool in_tls_ = false;
    upstream_connection connection_;
};

/// Closes what idled too long or was closed by the upstream. Called about once a second.
void prune_pool(endpoint::share& share, time_point now, duration longest_idle);

}  // namespace lintel::proxy
