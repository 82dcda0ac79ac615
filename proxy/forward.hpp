#pragma once
// A matched request on its way to a service: choose, connect, relay, and again where that is safe.

#include "http/exchange.hpp"
#include "proxy/access_log.hpp"
#include "proxy/outcome.hpp"
#include "proxy/worker_state.hpp"

namespace lintel::proxy {

/// Answers the exchange from `route`'s service; the route may be another one by the time the endpoint is asked, because
/// a request that had to wait is matched again. Returns what became of it; with a fault and no response begun, the
/// caller tells the client.
task<outcome> forward(worker_state& worker, http::exchange& client, std::size_t entrypoint, route_ptr route,
                      access_record& record);

}  // namespace lintel::proxy
