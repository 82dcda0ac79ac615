#pragma once
// A body as DATA frames bring it (RFC 9113 §6.1).

#include "http/body.hpp"
#include "http/framing.hpp"
#include "http/h2_head.hpp"
#include "http/h2_link.hpp"
#include "http/pace.hpp"
#include "net/buffer.hpp"
#include "net/event.hpp"

#include <functional>

namespace lintel::http {

/// What came waits here, no more of it than the stream's window; the window opens when the next piece is asked for.
class h2_body final : public body_source {
public:
    explicit h2_body(net::worker& home);

    /// `declared`: what the head says; of kind `none` with `ended` false it has no declared length.
    /// `before_waiting` as h1_body::start has it.
    void start(h2_carrier& link, h2_stream_id id, framing declared, bool ended,
               std::function<task<void>()> before_waiting = {});

    /// Forgets everything; what nobody read counts as read, so that other streams may go on.
    void stop();

    void demand_pace(duration timeout, std::uint64_t rate) { pace_.demand(timeout, rate); }
    void limit_to(std::uint64_t bytes) { limit_ = bytes; }

    // What the stream brings.
    void on_data(std::string_view bytes);
    void on_trailer(std::string_view name, std::string_view value) { list_.add(name, value, trailer_bytes); }
    /// The header block behind the DATA is whole, of which the fields were told one by one. `ends`: so is the message.
    /// What is returned makes it malformed: it is for the caller to fail() it.
    error_code on_trailers(const head_limits& limits, bool ends);
    void on_end();
    /// There is no more of it. Whoever reads gets what came and then a reset.
    void fail(error_code why);

    std::optional<body_piece> ready() override;
    now_or_later<body_piece> read() override;
    std::optional<std::uint64_t> length() const override;
    bool complete() const override { return ended_; }

    /// The peer has sent all of it.
    bool ended() const { return ended_; }

    /// The end was read, or a reset.
    bool finished() const { return last_.has_value(); }

    /// What was wrong with it, if anything.
    error_code broken() const { return broken_; }

private:
    static constexpr std::size_t trailer_bytes = 16 * 1024;

    task<body_piece> read_later();
    body_piece finish(body_piece last);

    net::worker& home_;
    h2_carrier* link_ = nullptr;
    h2_stream_id id_ = 0;
    framing declared_;
    net::buffer reading_, arriving_;  ///< what a reader looks at stays where it is
    net::event arrived_;
    pace pace_;
    std::uint64_t received_ = 0, given_ = 0, limit_ = 0;
    bool ended_ = false, bodiless_ = false;
    error_code broken_;
    h2_field_list list_;  ///< what trailers_ has views of
    fields trailers_;
    std::optional<body_piece> last_;
    std::function<task<void>()> before_waiting_;
};

}  // namespace lintel::http
