#pragma once
// What can be wrong with a message. Each error has one status when it is a client's fault; the upstream's are all 502.

#include "base/result.hpp"

#include <type_traits>

namespace lintel::http {

enum class errc {
    bad_request_line = 1,
    bad_version,
    bad_status_line,
    bad_field_name,
    bad_field_value,
    too_many_options,
    bad_line_end,      ///< a bare CR or LF (RFC 9112 §2.2)
    obsolete_folding,  ///< RFC 9112 §5.2
    bad_host,          ///< missing, doubled or not a host (RFC 9112 §3.2)
    bad_target,
    bad_content_length,
    bad_transfer_encoding,
    ambiguous_framing,  ///< Content-Length beside Transfer-Encoding (RFC 9112 §6.3)
    bad_chunk,
    bad_pseudo_field,  ///< missing, doubled, unknown or out of place (RFC 9113 §8.3)
    connection_field,  ///< one that HTTP/2 has no use for (RFC 9113 §8.2.2)
    other_length,      ///< Content-Length is not what the DATA frames come to (RFC 9113 §8.1.1)
    bad_trailers,      ///< a second head that doesn't end the message (RFC 9113 §8.1)
    unknown_protocol,  ///< an extended CONNECT for anything but WebSocket (RFC 9220 §3)
    bad_expectation,
    method_not_allowed,  ///< CONNECT
    method_too_long,
    unexpected_body,  ///< TRACE has none (RFC 9110 §9.3.8)
    body_too_large,   ///< above the limit of its route
    target_too_long,
    head_too_large,
    trailers_too_large,
    too_many_interim,  ///< more than 100 1xx responses to one request
    unasked_upgrade,   ///< 101 without a request for it (RFC 9110 §15.2.2)
    missing_upgrade,   ///< another answer to a request for a tunnel (RFC 8441 §4)
    cut_short,         ///< the message ended before its framing said so
    stream_refused,    ///< the upstream did nothing with the request (RFC 9113 §8.7)
    stream_reset,      ///< the upstream gave the request up
    bad_frames,        ///< what came is no HTTP/2
    upstream_failed,   ///< the body's source broke; the reason is the upstream's to tell
};

error_code make_error_code(errc what);

/// True when the peer's bytes were wrong; false when they only stopped, or our own side broke.
bool is_malformed(error_code failure);

/// The status that a client gets for its own mistake; 400 unless there is a better one.
int status_of(error_code failure);

}  // namespace lintel::http

template <>
struct boost::system::is_error_code_enum<lintel::http::errc> : std::true_type {};
