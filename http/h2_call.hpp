#pragma once
// One request on an HTTP/2 connection to an upstream, and its answer: a stream (RFC 9113 §8.1).

#include "http/framing.hpp"
#include "http/h2_body.hpp"
#include "http/h2_head.hpp"
#include "http/h2_outgoing.hpp"
#include "http/time_limit.hpp"
#include "http/upstream_call.hpp"

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace lintel::http {

class h2_upstream;

/// Keeps its connection alive. Belongs to one worker.
class h2_call final : public upstream_call, public h2_stream {
public:
    explicit h2_call(std::shared_ptr<h2_upstream> over);
    h2_call(const h2_call&) = delete;
    /// What is left of the stream is broken off.
    ~h2_call() override;

    /// The connection has carried a call before: it may have died since. Not where the upstream reset this one only.
    bool on_used_connection() const { return used_connection_ && !reset_; }

    /// The connection is over.
    void lose(error_code why);

    void use(const model::http_options& options) override;
    now_or_later<result<void>> send(const request_head& head, body_source& body) override;
    task<result<response_head*>> receive_head() override;
    body_source& response_body() override { return body_; }
    tunnel_end take_tunnel() override;
    bool response_begun() const override { return response_begun_; }
    bool unprocessed() const override { return unprocessed_; }
    void expect_pauses() override;
    void note_reader(bool) override {}  // the stream's window bounds what is held for it
    void abort() override;

    void on_field(std::string_view name, std::string_view value) override;
    void on_head(bool ends) override;
    void on_data(std::string_view bytes) override;
    void on_end() override;
    void on_closed(h2_code why) override;
    offer offered(std::size_t most) override { return out_.offered(most); }
    std::string_view take(std::size_t count) override { return out_.take(count); }
    void on_sent() override;

private:
    /// A head with the bytes that it has views of.
    struct received {
        h2_field_list list;
        response_head head;
    };

    task<result<void>> send_in_pieces(body_source& body);
    result<void> sent(body_source& body);
    error_code understand(bool ends);
    received& arriving();
    void wait_for_first_byte();
    void fail(error_code why, h2_code told);
    void end_stream(h2_code told);

    std::shared_ptr<h2_upstream> connection_;
    h2_stream_id id_ = 0;
    bool used_connection_;
    duration first_byte_{}, between_bytes_{}, write_patience_{};

    std::string method_;
    h2_outgoing out_;  ///< broken where there is no more of the stream

    std::unique_ptr<received> incoming_, current_;  ///< arriving; with the reader
    std::deque<std::unique_ptr<received>> heads_;   ///< whole ones that nobody has read
    net::event arrived_;
    time_limit answering_;
    time_point asked_at_;  ///< when the request was out
    h2_body body_;
    int interim_seen_ = 0;

    error_code failed_;  ///< why there is no more of it
    bool awaits_head_ = false, response_begun_ = false, final_seen_ = false, unprocessed_ = false;
    bool reset_ = false;   ///< by either side, on a connection that goes on
    bool closed_ = false;  ///< the session knows the stream no more, or has no stream yet
};

}  // namespace lintel::http
