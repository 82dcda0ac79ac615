#pragma once
// One attempt: the request to one upstream connection, its answer to the client, both at the same time.

#include "http/exchange.hpp"
#include "http/upstream_call.hpp"
#include "proxy/access_log.hpp"
#include "proxy/client_watch.hpp"
#include "proxy/forward_fields.hpp"
#include "proxy/outcome.hpp"
#include "proxy/upstream/lease.hpp"
#include "proxy/worker_state.hpp"

namespace lintel::proxy {

/// A request as it goes upstream.
struct sent_request {
    const http::request_head& head;
    http::body_source& body;
    const field_names& not_forwarded;  ///< trailers that stay here
    const model::http_options& options;
    upload_slots::place& place;                  ///< given back when the body is out
    std::string_view strict_transport_security;  ///< added to the answer where the app says none; empty: not
    bool conversation;                           ///< of gRPC: the app may be silent for as long as it likes
};

/// Sends `request` over the connection that `held` has, passes on what comes back, 1xx included. Returns when both
/// directions are done, or when a 101 made a tunnel of them, which takes the connection and the count of `held`.
/// With a fault before the client got a final head, nothing final was sent to the client and the call is broken off;
/// after it the client's connection is cut. `record` gets the status and the bytes; `watch` is used meanwhile.
task<outcome> relay(worker_state& worker, http::exchange& client, client_watch& watch, lease& held,
                    const sent_request& request, access_record& record);

}  // namespace lintel::proxy
