#include "http/h1_body.hpp"

#include "http/error.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace lintel::http {

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;

}  // namespace

void h1_body::start(framing how, std::function<task<void>()> before_waiting)
{
    how_ = how;
    left_ = how.length;
    given_ = 0;
    untouched_ = true;
    before_waiting_ = std::move(before_waiting);
    last_.reset();
    chunks_.reset();
    if (how.what == framing::kind::none) last_ = body_piece::end_with(nullptr);
    if (how.what == framing::kind::chunked) chunks_.emplace();
}

std::optional<body_piece> h1_body::ready()
{
    if (last_) return last_;
    input_.consume(std::exchange(given_, 0));
    if (how_.what == framing::kind::chunked) return next_of_chunks();
    return next_of_length();
}

task<body_piece> h1_body::read()
{
    for (;;) {
        if (auto piece = ready()) co_return *piece;
        if (before_waiting_) co_await std::exchange(before_waiting_, nullptr)();
        auto space = input_.prepare(least_read_bytes);
        auto count = co_await from_.read_some(space);
        // A reader that was told to stop spoils nothing: the rest can still be discarded.
        if (!count && count.error() == asio::error::operation_aborted) co_return body_piece::reset(count.error());
        if (!count) co_return finish(body_piece::reset(count.error()));
        if (*count == 0) {
            bool complete = how_.what == framing::kind::until_close;
            co_return finish(complete ? body_piece::end_with(nullptr) : body_piece::reset(errc::cut_short));
        }
        input_.commit(*count);
    }
}

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
    return give(bytes, bytes.size());
}

std::optional<body_piece> h1_body::next_of_chunks()
{
    auto step = chunks_->decode(input_.bytes());
    if (!step) return finish(body_piece::reset(step.error()));
    if (!step->data.empty()) return give(step->data, step->consumed);
    input_.consume(step->consumed);
    if (!step->finished) return {};
    const auto& trailers = chunks_->trailers();
    return finish(body_piece::end_with(trailers.empty() ? nullptr : &trailers));
}

body_piece h1_body::finish(body_piece last)
{
    last_ = last;
    return last;
}

body_piece h1_body::give(std::string_view bytes, std::size_t consumed)
{
    given_ = consumed;
    untouched_ = false;
    return body_piece::of(bytes);
}

}  // namespace lintel::http
