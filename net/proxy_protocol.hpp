#pragma once
// The PROXY protocol: what a proxy says of a connection before its first byte. No I/O.
// https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, sections 2.1 (v1, a line) and 2.2 (v2, binary).

#include "net/address.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace lintel::net {

/// The two ends of a connection as the proxy in front saw it.
struct connection_ends {
    address source;       ///< the client
    address destination;  ///< where the client connected to
};

struct proxy_header {
    enum class state {
        need_more,  ///< may become one: read on, to `proxy_header_limit_bytes` at most
        not_one,    ///< the bytes are the connection's own
        malformed,  ///< begins as one and isn't: nothing that follows can be trusted
        whole,
    };
    state what = state::need_more;
    std::size_t size_bytes = 0;  ///< of a whole one; the connection's own bytes follow
    /// None where the header is whole and says nothing that concerns a TCP client: LOCAL (a health check of the proxy
    /// itself), UNKNOWN, unix sockets, datagrams. The socket's own addresses hold then.
    std::optional<connection_ends> ends{};
};

/// No header is longer. v1 ends after 107 bytes; v2 could have 64 KiB of extensions, and nobody sends them.
inline constexpr std::size_t proxy_header_limit_bytes = 4096;

/// Reads the header at the start of `first_bytes`, all that came so far. Strict: what the text calls invalid is
/// malformed. v2's extensions (TLVs) are skipped unread. Whether the peer may send one at all is for the caller to
/// know.
proxy_header read_proxy_header(std::string_view first_bytes);

enum class proxy_version { v1, v2 };

/// The header that says `ends`. One of either IP family makes both IPv6 (v4-mapped); without two IP addresses it says
/// UNKNOWN (v1), or no family (v2).
std::string write_proxy_header(proxy_version version, const connection_ends& ends);

}  // namespace lintel::net
