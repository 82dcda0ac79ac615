#pragma once
// The server's side of TLS: handshakes, and the stream that comes out of them.

#include "net/snapshot_cell.hpp"
#include "net/stream.hpp"
#include "tls/certificate_store.hpp"

#include <memory>
#include <string>

namespace lintel::tls {

using store_cell = net::snapshot_cell<certificate_store>;

/// 80 random bytes that encrypt session tickets (RFC 5077); all workers and successive edges share them, so that
/// sessions resume across restarts.
using ticket_key = std::string;
inline constexpr std::size_t ticket_key_bytes = 80;

/// Does handshakes for one worker: TLS 1.2 and 1.3, ALPN http/1.1, the certificate chosen by SNI at the moment of the
/// handshake. An unknown or missing name is refused with the alert unrecognized_name (RFC 6066 §3).
class server {
public:
    /// `certificates` must outlive the server.
    explicit server(const store_cell& certificates);
    ~server();
    server(const server&) = delete;

    void use_ticket_key(const ticket_key& key);

    /// Takes over `client` and answers its handshake within `limit`. Errors: `timed_out`, `end_of_stream`,
    /// `handshake_failed` (`why`, where given, gets the reason for the debug log).
    task<result<std::unique_ptr<net::stream>>> accept(std::unique_ptr<net::stream> client, duration limit,
                                                      std::string* why = nullptr);

private:
    struct context;
    std::unique_ptr<context> context_;
};

enum class errc { handshake_failed = 1, protocol_error };
error_code make_error_code(errc what);

}  // namespace lintel::tls

template <>
struct boost::system::is_error_code_enum<lintel::tls::errc> : std::true_type {};
