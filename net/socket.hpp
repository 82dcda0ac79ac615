#pragma once
// TCP and unix sockets as streams.

#include "base/unique_fd.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

#include <memory>

namespace lintel::net {

/// Takes a connected, non-blocking socket. `peer` as accept() or connect() know it; TCP gets TCP_NODELAY.
std::unique_ptr<stream> make_stream(worker& home, unique_fd connected, const address& peer);

/// Connects within `limit`. Errors: `timed_out`, what connect() reports (refused, unreachable).
task<result<std::unique_ptr<stream>>> connect(worker& home, address to, duration limit);

}  // namespace lintel::net
