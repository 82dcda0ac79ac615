#pragma once
// What a request must be beyond its syntax: one place for every version of HTTP.

#include "http/framing.hpp"

namespace lintel::http {

struct checked_request {
    framing body;                   ///< as the fields declare it
    bool expects_continue = false;  ///< the client may wait for a 100 before it sends the body (RFC 9110 §10.1.1)
};

/// Reads target, host and framing into `head`, whose parts are those that arrived. Errors: `method_not_allowed`
/// (CONNECT), those of read_target() and framing_of(), `unexpected_body` (TRACE), `too_many_options`,
/// `bad_expectation`.
result<checked_request> check_request(request_head& head);

}  // namespace lintel::http
