#pragma once
// A body as HTTP/1 frames it on a connection.

#include "http/body.hpp"
#include "http/chunked.hpp"
#include "http/framing.hpp"
#include "http/pace.hpp"
#include "net/buffer.hpp"
#include "net/stream.hpp"

#include <functional>

namespace lintel::http {

/// Reads one body after another off a connection. `input` holds bytes that arrived already and keeps those of the
/// message that follows.
class h1_body final : public body_source {
public:
    explicit h1_body(net::buffer& input) : input_(input) {}

    /// Where further bytes come from. `policy`: for the names of trailers. Before start().
    void attach(net::stream& from, underscores policy = underscores::untouched)
    {
        from_ = &from;
        underscores_ = policy;
    }

    /// `before_waiting`, where set, runs once before the first wait for bytes (100-continue is sent there).
    void start(framing how, std::function<task<void>()> before_waiting = {});

    /// From now on the sender must keep up (http/pace). What falls behind is reset with `timed_out`.
    void demand_pace(duration timeout, std::uint64_t rate) { pace_.demand(timeout, rate); }

    /// More than this many bytes reset the body with `body_too_large`; 0 = no bound.
    void limit_to(std::uint64_t bytes) { limit_ = bytes; }

    /// Whether a sender that fills a usual read gets a larger one: for a reader that keeps up, what is read ahead of it
    /// is memory.
    void read_far(bool may) { far_ = may; }

    std::optional<body_piece> ready() override;
    now_or_later<body_piece> read() override;
    std::optional<std::uint64_t> length() const override;
    bool complete() const override;

    /// The end was read, so that the next message begins at the front of the input.
    bool finished() const { return last_ && last_->what == body_piece::kind::end; }

    /// What is left can't be read: the connection has no next message.
    bool broken() const { return last_ && last_->what == body_piece::kind::reset; }

    /// More than `limit_bytes`, or nobody knows how much, is still to come.
    bool longer_than(std::uint64_t limit_bytes) const;

    /// No byte of the body was given to anyone.
    bool untouched() const { return untouched_; }

private:
    std::optional<body_piece> next_of_length();
    std::optional<body_piece> next_of_chunks();
    body_piece gather(chunk_decoder::step first);
    body_piece end_of_chunks() const;
    body_piece finish(body_piece last);
    body_piece give(std::string_view bytes, std::size_t consumed, bool last = false);
    bool has_much() const;
    task<body_piece> read_later();
    task<result<std::size_t>> receive();

    net::stream* from_ = nullptr;
    net::buffer& input_;
    underscores underscores_ = underscores::untouched;
    framing how_;
    pace pace_;
    std::uint64_t limit_ = 0, total_ = 0;
    std::uint64_t left_ = 0;
    std::size_t given_ = 0;  ///< bytes at the front of the input that the caller may still look at
    bool untouched_ = true, far_ = true;
    bool filled_ = false;  ///< a read took as much as there was room for
    std::optional<chunk_decoder> chunks_;
    std::string gathered_;                  ///< small chunks in one piece
    std::optional<body_piece> afterwards_;  ///< what came behind the gathered ones
    std::optional<body_piece> last_;
    std::function<task<void>()> before_waiting_;
};

}  // namespace lintel::http
