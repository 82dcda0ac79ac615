#pragma once
// Finds out whether endpoints answer, where control leaves that to the edge.

#include "net/resolver.hpp"
#include "net/task_group.hpp"
#include "proxy/upstream/endpoint.hpp"

#include <functional>
#include <map>
#include <string>

namespace lintel::proxy {

/// One probe per endpoint at a time: a TCP connect at once, then every 10 ms, slower and slower up to once a second,
/// until it succeeds. Where a service has a health check, that is what must succeed, and it goes on at its interval.
/// Belongs to the link thread; its verdicts are in force in all workers at once.
class prober {
public:
    /// `dns`: as net::resolver. `on_change`: an endpoint became reachable, or a first try failed.
    prober(net::worker& home, const std::vector<net::address>& dns, std::function<void(const endpoint&)> on_change);

    /// Probes until the endpoint answers, drains or is no longer to be probed. Calling it again does no harm.
    void watch(endpoint_ptr target);

    /// Waits until every endpoint that is watched now was tried once, at most until `end`.
    task<void> first_tries(time_point end);

private:
    task<void> probe(endpoint_ptr target);
    /// `check`: a copy of the target's, which a snapshot may change while we wait.
    task<bool> answers(const endpoint& target, endpoint_check check);
    task<void> pause(const endpoint_ptr& target, duration how_long);

    net::worker& home_;
    net::resolver names_;
    std::function<void(const endpoint&)> on_change_;
    std::map<const endpoint*, bool> watched_;  ///< whether it was tried already
    net::event tried_;
    net::task_group probes_;
};

}  // namespace lintel::proxy
