#pragma once
// The server's side of an HTTP/1 connection: exchanges, one after the other.

#include "http/client_connection.hpp"
#include "http/connection_book.hpp"
#include "http/h1_exchange.hpp"

#include <memory>

namespace lintel::http {

/// Serves one client connection until it ends. While idle it owns no buffer and no exchange.
class h1_connection final : public client_connection {
public:
    /// `limits` and `book` must outlive it.
    h1_connection(net::worker& home, std::unique_ptr<net::stream> client, const connection_limits& limits,
                  connection_book& book);
    h1_connection(const h1_connection&) = delete;
    ~h1_connection();

    /// Reads requests and calls `answer` for each, in order, until either side closes. Malformed requests are answered
    /// here (RFC 9112 §2.2 and others) and end the connection.
    /// `refused`, where given, hears of those.
    task<void> serve(const handler& answer, const refusal_observer& refused = {});

    /// What became of it by a 101: ask when serve() has ended.
    struct tunnel {
        tunnel_keeper keeper;
        tunnel_end client;
    };
    std::unique_ptr<tunnel> take_tunnel();

    void drain() override;
    void close() override;
    bool leave_if_idle() override;

private:
    net::ready_wait arrival();
    now_or_later<exchange*> next_request(const refusal_observer& refused);
    task<exchange*> read_rest(const refusal_observer& refused, bool first);
    task<exchange*> give_up(const refusal_observer& refused, error_code why);
    exchange* begin_exchange();
    bool go_on();

    net::worker& home_;
    std::unique_ptr<net::stream> client_;
    const connection_limits& limits_;
    std::unique_ptr<h1_exchange> current_;
    std::uint64_t served_ = 0;
    bool fresh_ = true, draining_ = false;
    connection_book::entry place_;  // last: who finds us in the book may close us
};

}  // namespace lintel::http
