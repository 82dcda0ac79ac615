#pragma once
// An extended CONNECT (RFC 8441) as the HTTP/1.1 upgrade to WebSocket that apps know.

#include "base/result.hpp"
#include "http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lintel::http {

/// One request's. The key of the handshake is ours: over HTTP/2 the client has none (RFC 8441 §5).
class h2_connect {
public:
    /// Forgets the request before.
    void start() { key_.clear(); }

    /// Rewrites the head of a request that has a `:protocol`. It has views of what is here. Errors: `unknown_protocol`,
    /// `bad_content_length` (a tunnel has no body).
    error_code read(std::string_view protocol, request_head& request);

    /// The request is such a one.
    bool asked() const { return !key_.empty(); }

    /// What the client is told when the app has answered 101 with `head`, of which it has views. None: that is no
    /// answer to what was asked.
    std::optional<response_head> accepted(const response_head& head) const;

private:
    std::string key_;
};

}  // namespace lintel::http
