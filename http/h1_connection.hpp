#pragma once
// The server's side of an HTTP/1 connection: exchanges, one after the other.

#include "http/connection_book.hpp"
#include "http/exchange.hpp"
#include "http/h1_body.hpp"
#include "model/http_options.hpp"
#include "net/worker.hpp"

#include <memory>

namespace lintel::http {

/// One entrypoint's.
struct connection_limits {
    head_limits head;
    model::http_options options;
    std::size_t drain_bytes = 64 * 1024;  ///< of a request body that nobody read, before closing instead
};

/// Serves one client connection until it ends. While idle it owns no buffer.
class h1_connection final : private exchange {
public:
    /// `limits` and `book` must outlive it.
    h1_connection(net::worker& home, std::unique_ptr<net::stream> client, const connection_limits& limits,
                  connection_book& book);
    ~h1_connection() override;

    /// Reads requests and calls `answer` for each, in order, until either side closes. Malformed requests are answered
    /// here (RFC 9112 §2.2 and others) and end the connection.
    /// `refused`, where given, hears of those.
    using refusal_observer = std::function<void(const net::stream& client, int status, error_code why)>;
    task<void> serve(const handler& answer, const refusal_observer& refused = {});

    /// No further request: an idle connection closes now, a busy one after its response (which says so).
    void drain();

    /// Ends at once, whatever is under way.
    void close();

    /// Closes now if no byte of a request has arrived; false when one has.
    bool leave_if_idle();

private:
    const request_head& request() const override { return request_; }
    body_source& body() override { return body_; }
    task<result<void>> inform(const response_head& interim) override;
    task<result<void>> respond(const response_head& head, body_source& body) override;
    task<result<tunnel_end>> accept_tunnel(const response_head& head) override;
    void abort() override;
    bool client_gone() const override { return client_->peer_gone(); }
    bool response_started() const override { return response_started_; }
    void use(const model::http_options& options) override;
    const net::stream& connection() const override { return *client_; }

    task<bool> wait_for_request();
    task<result<void>> read_head();
    result<void> understand(std::size_t length);
    task<void> refuse(error_code why);
    task<bool> finish();
    task<bool> discard_body();
    task<void> linger();
    task<void> send_continue();
    bool waits_for_continue() const;
    framing framing_for(const response_head& head, const body_source& body) const;

    std::unique_ptr<net::stream> client_;
    const connection_limits& limits_;
    net::buffer input_;
    std::string head_bytes_;  ///< what request_ has views of
    h1_body body_;
    request_head request_;
    std::string out_;
    std::uint64_t served_ = 0;
    bool parsed_ = false;  ///< request_ is what the message at hand says
    bool fresh_ = true, draining_ = false;
    bool keep_alive_ = true, response_started_ = false, responded_ = false, aborted_ = false, tunnelled_ = false;
    connection_book::entry place_;  // last: who finds us in the book may close us
};

}  // namespace lintel::http
