#pragma once
// What is left of a request after a 101: two streams, and what has to be done when they end.

#include "http/tunnel.hpp"
#include "proxy/access_log.hpp"
#include "proxy/upstream/lease.hpp"
#include "proxy/worker_state.hpp"

#include <optional>

namespace lintel::proxy {

/// Counts as in flight on its endpoint and is found among the worker's tunnels until it ends.
class open_tunnel {
public:
    open_tunnel(worker_state& worker, http::tunnel_end upstream, in_flight counted, duration longest_silence);
    open_tunnel(const open_tunnel&) = delete;

    /// The line that is written when it ends. Where there is no access log, nothing is kept.
    void remember(const access_record& record);

    /// Passes bytes on until both sides have ended.
    task<void> run(http::tunnel_end client);

private:
    worker_state& worker_;
    http::tunnel_end upstream_;
    in_flight counted_;
    duration longest_silence_;
    std::unique_ptr<kept_record> record_;
};

}  // namespace lintel::proxy
