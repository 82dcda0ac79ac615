#pragma once
// What a client asks for, read from the first bytes of its connection, which are passed on unchanged.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::tls {

/// The part of a ClientHello (RFC 8446 §4.1.2) that says where its connection belongs.
struct client_hello {
    std::string server_name;             ///< as tls/server_name.hpp; empty: none
    std::vector<std::string> protocols;  ///< ALPN (RFC 7301), in the client's order

    bool operator==(const client_hello&) const = default;
};

struct hello_reading {
    enum class verdict {
        need_more,  ///< so far it is the beginning of one
        not_tls,    ///< something else, malformed, or too long
        complete,
    };
    verdict what = verdict::need_more;
    client_hello hello{};  ///< where it is complete
};

/// A ClientHello may have this many bytes, records' headers included. Real ones have 200 to 2,000.
inline constexpr std::size_t client_hello_limit_bytes = 64 * 1024;

/// `first_bytes`: all that the connection has brought so far; more may follow the ClientHello. It may be split at any
/// place: into records (RFC 8446 §5.1), and by TCP. Pure.
hello_reading read_client_hello(std::string_view first_bytes);

}  // namespace lintel::tls
