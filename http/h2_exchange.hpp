#pragma once
// One request on an HTTP/2 connection and its answer: a stream (RFC 9113 §8.1).

#include "http/exchange.hpp"
#include "http/h2_answer.hpp"
#include "http/h2_body.hpp"
#include "http/h2_connect.hpp"
#include "http/h2_head.hpp"
#include "http/h2_link.hpp"

namespace lintel::http {

class h2_tunnel;

/// Of each worker a stock is kept (`connection_book`). Belongs to one worker.
class h2_exchange final : public exchange, public h2_stream {
public:
    explicit h2_exchange(net::worker& home);

    /// Takes the stream `id` of a connection, which must outlive detach().
    void attach(h2_link& link, h2_stream_id id);
    /// Gives back what is large. The stream is over for us: what is left of it is broken off.
    void detach();

    h2_stream_id id() const { return id_; }

    /// The request's head is here, and good or not.
    bool begun() const { return begun_; }

    /// What is wrong with its head. None: it is to be answered by a handler.
    error_code wrong() const { return wrong_; }

    /// Tells a client what was wrong with its message: the same page as over HTTP/1.
    task<void> refuse();

    /// The answer was given whole and is no error of the client's.
    bool answered_well() const { return answer_.complete() && answer_.status() < 400 && !body_.broken(); }

    /// Both sides have ended it, or one has broken it off.
    bool closed() const { return closed_; }

    /// A tunnel was accepted (RFC 8441): it runs when the handler is done.
    bool has_tunnel() const { return keeper_ != nullptr; }
    task<void> run_tunnel();

    // For the tunnel.
    net::worker& home() { return home_; }
    void tell(h2_tunnel* tunnel) { tunnel_ = tunnel; }
    body_source& tunnelled() { return body_; }
    h2_answer& answer() { return answer_; }

    /// The client has given the stream up, or the connection is over.
    void leave();

    const request_head& request() const override { return request_; }
    body_source& body() override;
    task<result<void>> inform(const response_head& interim) override;
    now_or_later<result<void>> respond(const response_head& head, body_source& body) override;
    task<result<void>> accept_tunnel(const response_head& head, tunnel_keeper next) override;
    void abort() override { answer_.abort(); }
    bool client_gone() const override { return gone_; }
    void watch_departure(departure_observer* who) override { observer_ = who; }
    bool response_started() const override { return answer_.started(); }
    void use(const model::http_options& options) override;
    void expect_pauses() override;
    const net::stream& connection() const override { return link_->client(); }

    void on_field(std::string_view name, std::string_view value) override;
    void on_head(bool ends) override;
    void on_data(std::string_view bytes) override;
    void on_end() override;
    void on_closed(h2_code why) override;
    offer offered(std::size_t most) override;
    std::string_view take(std::size_t count) override;
    void on_sent() override;

private:
    error_code understand(bool ends);
    void stir();
    void prioritise();
    task<void> send_continue();

    net::worker& home_;
    h2_link* link_ = nullptr;
    h2_stream_id id_ = 0;
    h2_field_list list_;  ///< what request_ has views of
    request_head request_;
    error_code wrong_;
    h2_body body_;
    h2_answer answer_;
    departure_observer* observer_ = nullptr;
    h2_connect connect_;
    memory_body nothing_;  ///< of a request that is an extended CONNECT
    tunnel_keeper keeper_;
    h2_tunnel* tunnel_ = nullptr;
    bool begun_ = false, gone_ = false;
    bool conversation_ = false;  ///< its client may be silent, and brief
    bool closed_ = false;        ///< the session knows the stream no more
};

}  // namespace lintel::http
