#pragma once
// One request on an HTTP/1 connection and its answer.

#include "http/connection_limits.hpp"
#include "http/exchange.hpp"
#include "http/h1_body.hpp"
#include "http/h1_parser.hpp"
#include "model/http_options.hpp"
#include "net/worker.hpp"

#include <memory>
#include <optional>
#include <string>

namespace lintel::http {

/// Everything that a connection needs only while a request is there: idle connections have none, and whoever has had
/// its request answered hands it on (`connection_book`). Belongs to one worker.
class h1_exchange final : public exchange {
public:
    explicit h1_exchange(net::worker& home);

    /// For the requests of this connection from now on. Both must outlive detach().
    void attach(net::stream& client, const connection_limits& limits);
    /// Gives back what is large. No byte may be left in the input.
    void detach();

    net::buffer& input() { return input_; }

    /// Forgets the message before.
    void begin();

    /// A byte of the head is here; before it comes a client may leave without a word.
    bool begun() const { return begun_; }

    /// Looks at what arrived. `whole`: all of a head is here, and it is understood. Errors: what is wrong with the
    /// message (RFC 9112 §2.2 and others).
    enum class head_state { partial, whole };
    result<head_state> examine();

    /// This request is the connection's last one.
    void make_last() { keep_alive_ = false; }

    /// Tells a client what was wrong with its message, and closes.
    task<void> refuse(error_code why);

    /// What is left to do after the handler. True: the next request may come.
    now_or_later<bool> finish();

    /// A 101 was sent, and who has the connection now.
    bool tunnelled() const { return keeper_ != nullptr; }
    tunnel_keeper take_keeper() { return std::move(keeper_); }
    /// Bytes of the tunnel that came with the head.
    std::string take_early();

    const request_head& request() const override { return request_; }
    body_source& body() override { return body_; }
    task<result<void>> inform(const response_head& interim) override;
    now_or_later<result<void>> respond(const response_head& head, body_source& body) override;
    task<result<void>> accept_tunnel(const response_head& head, tunnel_keeper next) override;
    void abort() override;
    bool client_gone() const override { return client_->peer_gone(); }
    bool response_started() const override { return response_started_; }
    void use(const model::http_options& options) override;
    const net::stream& connection() const override { return *client_; }

private:
    result<void> understand(std::size_t length);
    framing framing_for(const response_head& head, const body_source& body) const;
    result<void> responded(result<void> written);
    task<result<void>> respond_later(now_or_later<result<void>> writing);
    task<bool> finish_later();
    task<bool> discard_body();
    task<void> linger();
    task<void> send_continue();
    bool waits_for_continue() const;

    net::stream* client_ = nullptr;
    const connection_limits* limits_ = nullptr;
    net::buffer input_;
    head_scanner scanner_;
    std::string head_bytes_;  ///< what request_ has views of
    h1_body body_;
    request_head request_;
    std::string out_;
    tunnel_keeper keeper_;
    bool begun_ = false, blank_seen_ = false;
    bool parsed_ = false;     ///< request_ is what the message at hand says
    bool is_last_ = false;    ///< the client says so
    bool informing_ = false;  ///< an interim head is being written
    bool keep_alive_ = true, response_started_ = false, responded_ = false, aborted_ = false;
};

}  // namespace lintel::http
