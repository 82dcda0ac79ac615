#pragma once
// Bytes both ways after an upgrade.

#include "http/exchange.hpp"
#include "net/worker.hpp"

#include <cstdint>

namespace lintel::http {

struct tunnel_totals {
    std::uint64_t from_client = 0, from_upstream = 0;
};

/// Copies until both sides have ended, or one fails or is closed from outside. An end on one side is passed on as an
/// end; the other direction goes on.
task<tunnel_totals> run_tunnel(net::worker& home, tunnel_end client, tunnel_end upstream);

}  // namespace lintel::http
