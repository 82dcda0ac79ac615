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

/// Reads one while it comes. It may be split at any place: into records (RFC 8446 §5.1), and by TCP; each byte is gone
/// through once, in however many calls it comes.
class client_hello_reader {
public:
    /// `first_bytes`: all that the connection has brought so far, from its first byte; more may follow the ClientHello.
    /// Once that is anything but `need_more`, it is the last call.
    hello_reading read(std::string_view first_bytes);

private:
    hello_reading::verdict join(std::string_view bytes);

    std::string joined_;            ///< the message, without the records' headers
    std::size_t read_bytes_ = 0;    ///< of the first bytes, those that are in `joined_` and the headers before them
    std::size_t record_bytes_ = 0;  ///< of the present record, those that are still to come
};

/// The same, of what came in one piece. Pure.
hello_reading read_client_hello(std::string_view first_bytes);

}  // namespace lintel::tls
