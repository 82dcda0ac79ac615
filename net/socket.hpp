#pragma once
// TCP and unix sockets as streams.

#include "base/unique_fd.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

#include <memory>

namespace lintel::net {

/// Takes a connected, non-blocking socket. `peer` as accept() or connect() know it.
/// Error: the kernel's, where it has no memory to watch one more socket; the socket is closed then.
result<std::unique_ptr<stream>> make_stream(worker& home, unique_fd connected, const address& peer);

/// A connection in the making, which plain code on the worker may give up. Outlives its run().
class connecting {
public:
    connecting(worker& home, address to) : home_(home), to_(to) {}
    connecting(const connecting&) = delete;

    /// Once. Errors: `timed_out` at `end` or up to 100 ms later, `operation_aborted` after abort(), what connect()
    /// reports (refused, unreachable).
    task<result<std::unique_ptr<stream>>> run(time_point end);

    /// Closes the socket: run() returns at once. Does no harm at any time.
    void abort();

private:
    worker& home_;
    address to_;
    std::unique_ptr<stream> stream_;  ///< until it is connected
    bool aborted_ = false;
};

/// Connects within `limit`. Errors: as `connecting`.
task<result<std::unique_ptr<stream>>> connect(worker& home, address to, duration limit);

}  // namespace lintel::net
