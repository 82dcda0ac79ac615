#pragma once
// The request target: its form, and the one spelling of its path that is matched and forwarded.

#include "base/result.hpp"
#include "http/message.hpp"

namespace lintel::http {

/// Splits `head.target` (origin-, absolute- or asterisk-form; RFC 9112 §3.2) into path and query, takes the authority
/// from an absolute form or from Host, and fills host and path in their normal forms: unreserved octets decoded, hex
/// upper case, dot segments and doubled slashes removed; %2F and %5C stay.
/// Errors: `bad_target` (another form, a backslash, a control character encoded, "%" without two hex digits, a
/// fragment, a scheme other than http(s)), `bad_host` (missing in HTTP/1.1, doubled, not a host).
result<void> read_target(request_head& head);

/// "." or ".." between the slashes of a path as received, encoded or not: such a path must not be forwarded as it is.
bool has_dot_segments(std::string_view path);

/// %2F or %5C in a path as received: dot segments may take them away from its normal form.
bool has_encoded_slashes(std::string_view path);

}  // namespace lintel::http
