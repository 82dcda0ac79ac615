#pragma once
// Heads of HTTP/1 messages from bytes (RFC 9112 §2–5). Strict: one interpretation or an error. No I/O.

#include "base/result.hpp"
#include "http/head_limits.hpp"
#include "http/message.hpp"

#include <cstddef>
#include <string_view>

namespace lintel::http {

/// Finds the end of a head (or of a chunked body's trailers) in bytes that arrive piecemeal; looks at each byte once.
class head_scanner {
public:
    /// `bytes`: all that arrived since the head's first byte. Returns the head's length with its empty line, or 0 while
    /// that is missing. Errors: `bad_line_end`, `head_too_large`, and `target_too_long` when the first line alone is.
    result<std::size_t> scan(std::string_view bytes, const head_limits& limits);

private:
    std::size_t line_start_ = 0, looked_at_ = 0;
};

/// Parses one whole head, as the scanner measured it. `out` gets views into `head`. Errors: those of error.hpp that
/// concern request lines, fields and versions. The target and the framing are read_target()'s and framing_of()'s.
result<void> parse_request_head(std::string_view head, const head_limits& limits, request_head& out);
result<void> parse_response_head(std::string_view head, const head_limits& limits, response_head& out);

/// Field lines up to and with the empty line: the trailer section of a chunked body.
result<void> parse_fields(std::string_view lines, const head_limits& limits, fields& out);

}  // namespace lintel::http
