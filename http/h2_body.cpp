#include "http/h2_body.hpp"

#include "http/error.hpp"
#include "http/time_limit.hpp"
#include "net/error.hpp"

#include <cstring>
#include <utility>

namespace lintel::http {

h2_body::h2_body(net::worker& home) : home_(home), reading_(home.buffers()), arriving_(home.buffers()), arrived_(home)
{
}

void h2_body::start(h2_carrier& link, h2_stream_id id, framing declared, bool ended,
                    std::function<task<void>()> before_waiting)
{
    link_ = &link;
    id_ = id;
    declared_ = declared;
    bodiless_ = ended;
    pace_ = {};
    received_ = given_ = limit_ = 0;
    ended_ = false;
    broken_ = {};
    last_.reset();
    before_waiting_ = std::move(before_waiting);
}

void h2_body::stop()
{
    if (link_ != nullptr) link_->session().consumed(id_, reading_.size() + arriving_.size());
    reading_.release();
    arriving_.release();
    list_.clear();
    trailers_.clear();
    before_waiting_ = nullptr;
    link_ = nullptr;
}

void h2_body::on_data(std::string_view bytes)
{
    received_ += bytes.size();
    bool too_much = declared_.what == framing::kind::length && received_ > declared_.length;
    if (too_much) fail(errc::other_length);
    if (broken_) return link_->session().consumed(id_, bytes.size());
    std::memcpy(arriving_.prepare(bytes.size()).data(), bytes.data(), bytes.size());
    arriving_.commit(bytes.size());
    arrived_.notify();
}

error_code h2_body::on_trailers(const head_limits& limits, bool ends)
{
    if (!ends) return errc::bad_trailers;
    auto read = list_.read_trailers(limits, trailers_);
    return read ? error_code() : read.error();
}

void h2_body::on_end()
{
    if (broken_) return;
    if (declared_.what == framing::kind::length && received_ != declared_.length) return fail(errc::other_length);
    ended_ = true;
    arrived_.notify();
}

void h2_body::fail(error_code why)
{
    if (ended_ || broken_) return;
    broken_ = why;
    arrived_.notify();
}

std::optional<body_piece> h2_body::ready()
{
    if (last_) return last_;
    if (!reading_.empty()) {
        link_->session().consumed(id_, reading_.size());
        reading_.consume(reading_.size());
        link_->push();
    }
    if (!arriving_.empty()) {
        reading_.swap(arriving_);
        given_ += reading_.size();
        if (limit_ > 0 && given_ > limit_) return finish(body_piece::reset(errc::body_too_large));
        return body_piece::of(reading_.bytes(), ended_ && trailers_.empty());
    }
    if (broken_) return finish(body_piece::reset(broken_));
    if (ended_) return finish(body_piece::end_with(trailers_.empty() ? nullptr : &trailers_));
    return {};
}

now_or_later<body_piece> h2_body::read()
{
    if (auto piece = ready()) return *piece;
    return read_later();
}

task<body_piece> h2_body::read_later()
{
    reading_.release();
    if (before_waiting_) co_await std::exchange(before_waiting_, nullptr)();
    for (;;) {
        if (auto piece = ready()) co_return *piece;
        auto began = steady_clock::now();
        auto before = received_;
        bool late = false;
        if (pace_.bounded()) {
            time_limit end(home_.deadlines(), arrived_, began + pace_.credit());
            co_await arrived_.wait();
            late = end.passed();
            pace_.waited(steady_clock::now() - began, received_ - before);
        } else {
            co_await arrived_.wait();
        }
        if (late && received_ == before && !ended_ && !broken_)
            co_return finish(body_piece::reset(net::errc::timed_out));
    }
}

std::optional<std::uint64_t> h2_body::length() const
{
    if (declared_.what == framing::kind::length) return declared_.length;
    if (bodiless_) return 0;
    return {};
}

body_piece h2_body::finish(body_piece last)
{
    last_ = last;
    return last;
}

}  // namespace lintel::http
