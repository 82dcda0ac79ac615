#pragma once
// The data plane of one edge process: its workers, its registries, and the way a delta takes into force.

#include "base/unique_fd.hpp"
#include "link/messages.hpp"
#include "model/snapshot.hpp"
#include "net/worker.hpp"
#include "proxy/settings.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lintel::proxy {

/// Listening sockets of one entrypoint: polled by worker s mod N, and where there are fewer sockets than workers by
/// every worker w ≡ s (mod sockets).
struct listening {
    std::size_t entrypoint;
    std::vector<unique_fd> sockets;
};

/// Belongs to the link thread (`home`), but for the workers' own threads, which it starts and ends.
class edge {
public:
    /// `access_file` invalid: no access log. `report`: what control should hear (endpoint changes).
    edge(net::worker& home, settings what, std::vector<listening> sockets, unique_fd access_file,
         std::function<void(link::message)> report);
    ~edge();

    /// Puts a delta in force. Returns once no request can start on an older state, in any worker.
    task<std::vector<link::rejection>> apply(const model::delta& step);

    void use_ticket_keys(const std::vector<std::string>& newest_first);

    /// Handshakes that wait for a certificate for `name` end without one.
    void refuse(const std::string& name);

    /// Starts accepting; before that the kernel queues. Idempotent.
    void accept();

    /// Gives new endpoints a short while (≤ 0.25 s) to be found reachable, so that the first requests after a start
    /// don't meet "starting".
    task<void> settle();

    /// As server::drain, in all workers.
    task<void> drain(time_point end);

    /// Closes upstream connections that idled too long or that the upstream closed. About once a second.
    void prune_pools();

    /// Writes the access lines that are waiting. After a drain.
    void end_access_log();

    link::stats stats() const;
    std::vector<link::endpoint_report> endpoints() const;

private:
    struct inside;
    std::unique_ptr<inside> inside_;
};

}  // namespace lintel::proxy
