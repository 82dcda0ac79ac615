#pragma once
// A connection to an HTTP/1 upstream, used for one call after another.

#include "http/h1_body.hpp"
#include "http/upstream_call.hpp"
#include "net/worker.hpp"

#include <memory>

namespace lintel::http {

class h1_upstream final : public upstream_call {
public:
    using limits = upstream_limits;

    h1_upstream(net::worker& home, std::unique_ptr<net::stream> connected, limits bounds);

    void use(const model::http_options& options) override;
    now_or_later<result<void>> send(const request_head& head, body_source& body) override;
    task<result<response_head*>> receive_head() override;
    body_source& response_body() override { return body_; }
    tunnel_end take_tunnel() override;
    bool response_begun() const override { return response_begun_; }
    bool unprocessed() const override { return false; }
    void expect_pauses() override;
    void note_reader(bool fast) override;
    void abort() override;

    /// The call is complete on both sides and the connection can take another one.
    bool reusable() const;

    /// Makes a reusable connection ready for the pool: gives its buffers back.
    void park(time_point now);
    time_point parked_at() const { return parked_at_; }
    bool used_before() const { return used_before_; }

    /// Whether bytes that nobody asked for, or the end, may have come since it was parked, as far as the loop has
    /// looked.
    bool may_have_spoken() const { return home_.looks() == parked_look_ || stream_->readable_so_far(); }

    net::stream& stream() { return *stream_; }

private:
    enum class meaning { final, interim, skipped };
    result<meaning> understand(std::size_t length);
    bool switches_as_asked() const;
    result<void> sent(result<void> written);
    task<result<void>> send_later(now_or_later<result<void>> writing);

    net::event_loop& home_;
    std::unique_ptr<net::stream> stream_;
    limits limits_;
    duration first_byte_{}, between_bytes_{};
    net::buffer input_;
    std::string head_bytes_;  ///< what head_ has views of
    h1_body body_;
    response_head head_;
    std::string out_;
    std::string method_, upgrade_;  ///< of the request
    int interim_seen_ = 0;
    bool wide_ = false;  ///< the upstream may send far ahead
    bool sent_ = false, response_begun_ = false, keep_alive_ = true, used_before_ = false;
    time_point parked_at_{};
    std::uint64_t parked_look_ = 0;
};

}  // namespace lintel::http
