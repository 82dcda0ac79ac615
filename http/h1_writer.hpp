#pragma once
// HTTP/1 messages written anew from their parsed form (RFC 9112): nothing is copied as bytes but names and values.

#include "http/body.hpp"
#include "http/framing.hpp"
#include "http/message.hpp"
#include "net/stream.hpp"

#include <string>

namespace lintel::http {

/// Appends "GET /path?query HTTP/1.1", Host, the fields and the empty line. Connection-specific and framing fields in
/// `head.fields` are left out, what `body` and `connection` say is written instead. `connection` may be empty.
void write_request_head(std::string& out, const request_head& head, framing body, std::string_view connection);

/// As above for a response. Where `body` is `none` a Content-Length in `head.fields` stays (HEAD, 304; not 1xx, 204).
void write_response_head(std::string& out, const response_head& head, framing body, std::string_view connection);

/// Sends `head` (its text) and then the body as `how` frames it; head and first piece leave in one write where the
/// piece is there already. Every piece is flushed as it comes. Errors: `upstream_failed` when `body` resets, else
/// what the stream reports. Only a whole message ever looks complete.
now_or_later<result<void>> write_message(net::stream& to, std::string_view head, body_source& body, framing how);

}  // namespace lintel::http
