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

/// How a connection for a request is made.
struct manner_of_speaking {
    model::scheme scheme;
    const security_ptr& security;  ///< the service's, which outlives the lease; null: clear text
    bool http_1_only = false;      ///< the request is one that HTTP/2 doesn't carry where ALPN leaves the choice
    std::string proxy_header{};    ///< said of the client ahead of all else; such a connection is for this client alone
};

/// Holds the connection, or a call on one that others share, and counts as in flight on the endpoint until it goes.
/// Belongs to one worker.
class lease {
public:
    lease(worker_state& worker, endpoint_ptr target, manner_of_speaking how);
    lease(const lease&) = delete;
    ~lease();

    /// Takes a pooled connection, or a call on one that has room; false when there is none that will do. Of HTTP/2 any
    /// will do: a connection that its peer has given up says which calls it did nothing with.
    bool take_pooled(freshness demanded);

    /// Opens a new connection within `limit`, TLS included, or waits for room on one of HTTP/2. Where the endpoint
    /// began to drain meanwhile there may be none all the same. Errors: as net::host_connect; those of tls::client
    /// where `failed_in_tls()`.
    task<result<void>> connect(duration limit);

    bool has_call() const { return multiplexed_ || connection_.call; }

    /// connect() failed though the endpoint took the connection. `tls_problem()` says what is wrong, for people.
    bool failed_in_tls() const { return in_tls_ && !has_call(); }
    const std::string& tls_problem() const { return tls_problem_; }

    /// connect() failed because the calls of others took all the time there was: nothing is said about the endpoint.
    bool found_no_room() const { return found_no_room_; }

    /// Gives up connecting: connect() returns at once.
    void abort();

    http::upstream_call& call()
    {
        if (multiplexed_) return *multiplexed_;
        return *connection_.call;
    }

    /// The connection was used before: it may have died since.
    bool pooled() const
    {
        return multiplexed_ ? multiplexed_->on_used_connection()
                            : connection_.call != nullptr && connection_.call->used_before();
    }

    /// The request goes on without the lease, as a tunnel.
    in_flight take_count() { return std::move(counted_); }

    /// After a complete call: back to the pool where it can be used again.
    void give_back();

private:
    bool may_multiplex() const;
    endpoint::share& share() { return target_->of(worker_.index); }
    h2_pool& pool();
    task<result<void>> connect_anew(time_point end);
    task<result<std::unique_ptr<net::stream>>> open(std::unique_ptr<net::stream> stream, time_point end);
    void multiplex(std::unique_ptr<net::stream> connected);
    bool make_room(std::vector<upstream_connection>& idle) const;

    worker_state& worker_;
    endpoint_ptr target_;
    in_flight counted_;
    manner_of_speaking how_;
    std::string tls_problem_;
    std::optional<net::host_connect> connecting_;
    net::stream* opening_ = nullptr;  ///< connected, and not ready for a request yet
    bool in_tls_ = false, aborted_ = false, found_no_room_ = false;
    net::event woken_;
    std::shared_ptr<h2_pool> pool_;  ///< where it was asked
    upstream_connection connection_;
    std::unique_ptr<http::h2_call> multiplexed_;
};

/// Closes what idled too long or was closed by the upstream. Called about once a second.
void prune_pool(endpoint::share& share, time_point now, duration longest_idle);

/// The endpoint drains: nothing idle stays, and what is in use closes when its calls are over.
void leave_pool(endpoint::share& share);

}  // namespace lintel::proxy
