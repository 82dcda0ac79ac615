#pragma once
// Where a message's body ends. Decided here and nowhere else (RFC 9112 §6).

#include "base/result.hpp"
#include "http/message.hpp"

#include <cstdint>

namespace lintel::http {

struct framing {
    enum class kind { none, length, chunked, until_close };
    kind what = kind::none;
    std::uint64_t length = 0;

    bool operator==(const framing&) const = default;
};

/// Errors, all final for the connection: `ambiguous_framing` (Content-Length beside Transfer-Encoding),
/// `bad_transfer_encoding` (anything but one "chunked", or any in HTTP/1.0), `bad_content_length` (more than one, a
/// list, a sign, overflow).
result<framing> framing_of(const request_head& head);

/// As above for a response to `method`: none for HEAD, 1xx, 204 and 304; until_close where neither field is there.
result<framing> framing_of(const response_head& head, std::string_view method);

}  // namespace lintel::http
