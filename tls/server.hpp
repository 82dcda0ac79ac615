#pragma once
// The server's side of TLS: handshakes, and the stream that comes out of them.

#include "net/stream.hpp"
#include "tls/store.hpp"

#include <memory>
#include <span>
#include <string>

namespace lintel::tls {

class certificate_finder;

/// 80 random bytes that seal session tickets (RFC 5077); all workers and successive edges share them, so that
/// sessions resume across restarts.
using ticket_key = std::string;
inline constexpr std::size_t ticket_key_bytes = 80;

/// Does handshakes for one worker: the option set and the certificate are those of the name that the client sends, as
/// published at that moment (docs/tls.md). What was agreed on is the stream's `secured()`.
class server {
public:
    /// `published` must outlive the server.
    explicit server(const store_cell& published);
    ~server();
    server(const server&) = delete;

    /// Newest first: that one seals, the others only open.
    void use_ticket_keys(std::span<const ticket_key> newest_first);

    /// Handshakes for names without a certificate wait for `finder`, which must outlive the server.
    void look_up_with(certificate_finder& finder);

    /// No more than this many at once; 0 = no limit.
    void limit_handshakes(std::size_t most);
    std::size_t handshakes() const;  ///< under way

    /// As `certificate_store::covers`, of the certificates that are published now.
    bool covers(std::string_view server_name, std::string_view host) const;

    /// Whether a certificate covers `server_name`: a default one doesn't count.
    bool has_certificate_for(std::string_view server_name) const;

    /// Whether a client that offers `protocols` asks for a challenge that is published now. Nothing is said on such a
    /// connection: whoever has accepted it closes it.
    bool answers_challenge(std::span<const std::string> protocols, std::string_view server_name) const;

    /// Whether the client of a connection would have to show today what it showed in its handshake: the options of its
    /// name may have changed since.
    bool still_demands(const net::stream::security& agreed) const;

    /// Takes over `client` and answers its handshake within `limit`. Errors: `too_many_handshakes` at once, so that
    /// those that have begun get done; `timed_out`, `end_of_stream`, `handshake_failed` (`why`, where given, gets the
    /// reason for the debug log).
    task<result<std::unique_ptr<net::stream>>> accept(std::unique_ptr<net::stream> client, duration limit,
                                                      std::string* why = nullptr);

private:
    struct inside;
    std::unique_ptr<inside> inside_;
};

enum class errc { handshake_failed = 1, protocol_error, too_many_handshakes };
error_code make_error_code(errc what);

}  // namespace lintel::tls

template <>
struct boost::system::is_error_code_enum<lintel::tls::errc> : std::true_type {};
