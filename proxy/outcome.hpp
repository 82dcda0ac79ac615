#pragma once
// What became of an attempt, and what the client is told. docs/errors.md has the table for people.

#include "base/result.hpp"

#include <string_view>

namespace lintel::proxy {

enum class fault {
    none,
    no_route,      ///< no router matches
    not_loaded,    ///< this edge has no snapshot yet
    closed_route,  ///< a router that restricts access in a way we can't keep
    tls_pending,   ///< the redirect to HTTPS would lead to a host that has no certificate yet
    no_endpoint,   ///< no endpoint of the service may be used now
    connect_refused,
    connect_failed,  ///< unreachable, no such name
    connect_timeout,
    upstream_tls,      ///< connected, but TLS can't be spoken: a certificate that isn't to be trusted, an alert
    exhausted,         ///< we have no descriptor, port or memory for a connection
    upstream_closed,   ///< the connection ended before any byte of a response
    no_answer,         ///< no first byte in time
    bad_response,      ///< a response that can't be trusted
    response_cut,      ///< it ended or stalled before its end
    bad_request_body,  ///< the client's body is malformed
    bad_field,         ///< one that we must understand and can't
    bad_path,          ///< a path that this route refuses
    misdirected,       ///< the connection was made for another host, under other terms
    bad_method,        ///< TRACE where the route doesn't allow it
    body_too_large,    ///< above the route's limit
    trailers_too_large,
    client_slow,  ///< the client's body came too slowly
    deadline,     ///< the client's own (grpc-timeout) is over
    busy,         ///< too many bodies stream to this service already
    client_gone,  ///< nobody is left to answer
    silent,       ///< both sides of what is passed on as it is said nothing for too long
    drained,      ///< it was still going on when the edge's time was up
};

struct outcome {
    fault what = fault::none;
    error_code why;
    bool response_begun = false;  ///< the upstream sent a byte of a response
    bool sent = false;            ///< a connection was had, and something of the request may have gone over it
    bool pooled = false;          ///< the connection had been used before
    bool unprocessed = false;     ///< the upstream says that it did nothing with it, and no byte of its body was read
    std::string_view state = {};  ///< with no_endpoint: why (service::why_none)
};

/// Connections were tried and none could be had: nothing reached the upstream.
constexpr bool never_reached(fault what)
{
    return what == fault::connect_refused || what == fault::connect_failed || what == fault::connect_timeout ||
           what == fault::upstream_tls;
}

/// Why the body of a request broke, as its source says.
fault fault_of_body(error_code why);

/// Why a connection could not be had.
fault fault_of_connect(error_code why);

/// Status, Lintel-Reason and words for a client that waits for an answer; status 0: there is none to give.
struct verdict {
    int status;
    std::string_view reason;
    std::string_view sentence;
    std::string_view advice;  ///< what the owner can do
};

/// `state`: outcome::state.
verdict verdict_of(fault what, std::string_view state = {});

}  // namespace lintel::proxy
