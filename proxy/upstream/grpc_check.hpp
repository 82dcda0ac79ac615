#pragma once
// The gRPC Health Checking Protocol: whether a server says that it serves.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace lintel::proxy {

/// Asks grpc.health.v1.Health/Check of the server as a whole, over `connected`, on which HTTP/2 is spoken. True: it
/// answered SERVING within `limit`. Everything else is no: another status, an error, a server that knows no such
/// service.
task<bool> says_serving(net::worker& home, std::unique_ptr<net::stream> connected, std::string authority,
                        duration limit);

/// Whether this is the answer, a length-prefixed HealthCheckResponse, whose status is SERVING.
bool is_serving(std::string_view message);

}  // namespace lintel::proxy
