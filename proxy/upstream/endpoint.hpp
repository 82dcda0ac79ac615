#pragma once
// A place that answers requests, as all workers of this edge see it.

#include "http/h1_upstream.hpp"
#include "model/objects.hpp"
#include "proxy/upstream/h2_pool.hpp"
#include "proxy/upstream/security.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace lintel::proxy {

/// A connection of HTTP/1 that can take a call, and the way it speaks.
struct upstream_connection {
    std::unique_ptr<http::h1_upstream> call;
    security_ptr speaks;
};

/// How an endpoint is asked whether it serves, and in which way that is said.
struct endpoint_check {
    model::health_check how;
    model::scheme scheme = model::scheme::http;
    security_ptr security;

    bool operator==(const endpoint_check&) const = default;
};

/// Lives in the registry across snapshots, keyed by its id: pools, health and counts belong to it, not to a snapshot.
/// Any thread may read the verdicts; each worker touches its own share only.
class endpoint {
public:
    /// What one worker keeps for this endpoint.
    struct share {
        std::vector<upstream_connection> idle;              ///< of HTTP/1; the one used last is at the back
        std::vector<std::shared_ptr<h2_pool>> multiplexed;  ///< one for each way in which they are made
        std::atomic<std::uint32_t> in_flight{0};            ///< written by its worker, read by the link thread
    };

    endpoint(std::string id, const model::endpoint& spec, std::size_t workers);

    const std::string& id() const { return id_; }
    const std::string& host() const { return host_; }
    std::uint16_t port() const { return port_; }
    std::string authority() const;  ///< "10.0.0.2:3000", "[::1]:80"

    /// Takes over what control says. Only the link thread.
    void follow(const model::endpoint& spec);
    bool same_place(const model::endpoint& spec) const { return host_ == spec.host && port_ == spec.port; }

    /// May get a new request now.
    bool usable() const { return !draining() && allowed_.load(std::memory_order_acquire) && reachable(); }
    bool draining() const { return draining_.load(std::memory_order_acquire); }

    /// Control lets the edge find out by itself whether it answers; or it answers no longer though control thinks so.
    bool wants_probe() const { return allowed_.load(std::memory_order_acquire) && !reachable() && !draining(); }
    bool reachable() const { return reachable_.load(std::memory_order_acquire); }

    /// True for the one caller that changed it.
    bool set_reachable(bool now);

    /// What the service `of` wants to be asked of it; the last one that wants something decides. Only the link thread.
    void check_for(const std::string& of, const endpoint_check& what);
    const endpoint_check& check() const { return check_; }

    /// It is asked again and again, whatever it answered. Only the link thread.
    bool wants_checks() const { return check_.how.grpc && allowed_.load(std::memory_order_acquire) && !draining(); }

    /// It took a connection and gave no answer. After three in a row it is shunned: for 1 s, then twice as long each
    /// time, at most 30 s.
    void failed_to_answer(time_point now);
    void answered();

    /// Asked only where no other endpoint may be: it takes connections, so that a probe finds nothing wrong with it.
    bool shunned() const
    {
        auto until = shunned_until_.load(std::memory_order_relaxed);
        return until != 0 && steady_clock::now().time_since_epoch().count() < until;
    }

    /// When it became ready, for telling a newcomer from those that it may be about to replace.
    time_point ready_since() const { return time_point(duration(ready_since_.load(std::memory_order_relaxed))); }

    /// Gone from the snapshot: finishes what it has.
    void retire() { draining_.store(true, std::memory_order_release); }

    /// "ready", or why it can't be used: draining, candidate (never answered yet), suspect (stopped answering),
    /// starting, unhealthy, paused, stopped, unconfirmed.
    std::string_view state() const;

    share& of(std::size_t worker) { return shares_[worker]; }
    std::uint32_t in_flight() const;

private:
    std::string id_, host_;
    std::uint16_t port_;
    std::atomic<model::readiness> verdict_;
    std::atomic<bool> allowed_{false}, reachable_{false}, draining_{false}, answered_once_{false};
    std::atomic<duration::rep> ready_since_{0}, shunned_until_{0};
    std::atomic<std::uint32_t> failures_{0};  ///< to answer, in a row
    std::string checked_for_;
    endpoint_check check_;
    std::vector<share> shares_;
};

using endpoint_ptr = std::shared_ptr<endpoint>;

}  // namespace lintel::proxy
