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
    lease(worker_state& worker, endpoint_ptr target);
    lease(const lease&) = delete;

    /// Takes a pooled connection; false when there is none that will do.
    bool take_pooled(freshness demanded);

    /// Opens a new connection within `limit`. Errors: as net::host_connect.
    task<result<void>> connect(duration limit);

    /// Gives up connecting: connect() returns at once.
    void abort();

    http::h1_upstream& call() { return *connection_; }

    /// The connection came from the pool: it may have died there.
    bool pooled() const { return connection_ && connection_->used_before(); }

    /// The request goes on without the lease, as a tunnel.
    in_flight take_count() { return std::move(counted_); }

    /// After a complete call: back to the pool where it can be used again.
    void give_back();

private:
    std::unique_ptr<http::h1_upstream> from_pool(freshness demanded);

    worker_state& worker_;
    endpoint_ptr target_;
    in_flight counted_;
    std::optional<net::host_connect> connecting_;
    std::unique_ptr<http::h1_upstream> connection_;
};

/// Closes what idled too long or was closed by the upstream. Called about once a second.
void prune_pool(endpoint::share& share, time_point now, duration longest_idle);

}  // namespace lintel::proxy
