#include "http/h1_body.hpp"

#include "http/error.hpp"
#include "net/error.hpp"

#include <utility>

namespace lintel::http {

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;
constexpr std::size_t large_chunk_bytes = 8 * 1024;  ///< worth a piece of its own
constexpr std::size_t gathered_bytes = 16 * 1024;    ///< of smaller ones that make one piece

}  // namespace

void h1_body::start(framing how, std::function<task<void>()> before_waiting)
{
    how_ = how;
    left_ = how.length;
    given_ = 0;
    total_ = limit_ = 0;
    pace_ = {};
    untouched_ = true;
    filled_ = input_.full();  // by the read that brought the head
    before_waiting_ = std::move(before_waiting);
    last_.reset();
    afterwards_.reset();
    chunks_.reset();
    if (how.what == framing::kind::none) last_ = body_piece::end_with(nullptr);
    if (how.what == framing::kind::chunked) chunks_.emplace(underscores_);
}

std::optional<body_piece> h1_body::ready()
{
    if (last_) return last_;
    input_.consume(std::exchange(given_, 0));
    if (how_.what == framing::kind::chunked) return next_of_chunks();
    return next_of_length();
}

now_or_later<body_piece> h1_body::read()
{
    if (auto piece = ready()) return *piece;
    return read_later();
}

task<body_piece> h1_body::read_later()
{
    for (;;) {
        if (auto piece = ready()) co_return *piece;
        if (before_waiting_) co_await std::exchange(before_waiting_, nullptr)();
        auto count = co_await receive();
        // A reader that was told to stop spoils nothing: the rest can still be discarded.
        if (!count && count.error() == net::errc::aborted) co_return body_piece::reset(count.error());
        if (!count) co_return finish(body_piece::reset(count.error()));
        if (*count == 0) {
            bool complete = how_.what == framing::kind::until_close;
            co_return finish(complete ? body_piece::end_with(nullptr) : body_piece::reset(errc::cut_short));
        }
    }
}

/// Reads into the input, as long as the sender's credit lasts.
task<result<std::size_t>> h1_body::receive()
{
    // A sender that filled a usual read is ahead of us: fewer and larger reads.
    bool far = far_ && filled_ && has_much();
    auto least = far ? net::buffer_pool::large_bytes : least_read_bytes;
    bool paced = pace_.bounded();
    auto began = paced ? steady_clock::now() : time_point();
    if (paced) from_->expires_at(net::direction::read, began + pace_.credit());
    auto count = co_await from_->read_into(input_, least);
    filled_ = filled_ || input_.full();
    if (!paced) co_return count;
    from_->expires_at(net::direction::read, time_point::max());
    if (count) pace_.waited(steady_clock::now() - began, *count);
    co_return count;
}

/// Of a body of known length more is to come than a usual block holds; of others nobody knows.
bool h1_body::has_much() const { return how_.what != framing::kind::length || left_ > net::buffer_pool::block_bytes; }

std::optional<std::uint64_t> h1_body::length() const
{
    if (how_.what == framing::kind::none) return 0;
    if (how_.what == framing::kind::length) return how_.length;
    return {};
}

bool h1_body::complete() const
{
    return last_ || (how_.what == framing::kind::length && input_.size() - given_ >= left_);
}

bool h1_body::longer_than(std::uint64_t limit_bytes) const
{
    if (last_) return false;
    return how_.what != framing::kind::length || left_ > limit_bytes;
}

std::optional<body_piece> h1_body::next_of_length()
{
    bool endless = how_.what == framing::kind::until_close;
    if (!endless && left_ == 0) return finish(body_piece::end_with(nullptr));
    if (input_.empty()) return {};
    auto bytes = input_.bytes();
    if (!endless) {
        bytes = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
        left_ -= bytes.size();
    }
    return give(bytes, bytes.size(), !endless && left_ == 0);
}

std::optional<body_piece> h1_body::next_of_chunks()
{
    if (afterwards_) return finish(*std::exchange(afterwards_, {}));
    auto step = chunks_->decode(input_.bytes());
    if (!step) return finish(body_piece::reset(step.error()));
    bool more = step->consumed < input_.size();
    if (step->data.size() >= large_chunk_bytes || (!step->data.empty() && !more))
        return give(step->data, step->consumed);
    if (!step->data.empty()) return gather(*step);
    input_.consume(step->consumed);
    if (!step->finished) return {};
    return finish(end_of_chunks());
}

body_piece h1_body::end_of_chunks() const
{
    const auto& trailers = chunks_->trailers();
    return body_piece::end_with(trailers.empty() ? nullptr : &trailers);
}

/// Chunks of a few bytes each would cost a write each: those that are here become one piece.
body_piece h1_body::gather(chunk_decoder::step first)
{
    gathered_.assign(first.data);
    auto consumed = first.consumed;
    while (gathered_.size() < gathered_bytes && !afterwards_) {
        auto next = chunks_->decode(input_.bytes().substr(consumed));
        if (!next) {
            afterwards_ = body_piece::reset(next.error());
            break;
        }
        gathered_ += next->data;
        consumed += next->consumed;
        if (next->finished) afterwards_ = end_of_chunks();
        if (next->data.empty()) break;
    }
    return give(gathered_, consumed);
}

body_piece h1_body::finish(body_piece last)
{
    last_ = last;
    return last;
}

body_piece h1_body::give(std::string_view bytes, std::size_t consumed, bool last)
{
    given_ = consumed;
    untouched_ = false;
    total_ += bytes.size();
    if (limit_ > 0 && total_ > limit_) return finish(body_piece::reset(errc::body_too_large));
    return body_piece::of(bytes, last);
}

}  // namespace lintel::http
