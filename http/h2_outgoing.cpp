#include "http/h2_outgoing.hpp"

#include "http/time_limit.hpp"
#include "net/error.hpp"

#include <algorithm>

namespace lintel::http {

void h2_outgoing::start()
{
    piece_ = {};
    trailers_ = nullptr;
    broken_ = {};
    last_ = sent_ = end_is_due_ = false;
}

void h2_outgoing::offer(const body_piece& piece)
{
    piece_ = piece.bytes;
    trailers_ = piece.trailers;
    last_ = piece.ends();
    end_is_due_ = piece.last;
}

void h2_outgoing::break_off(error_code why)
{
    piece_ = {};
    if (!broken_) broken_ = why;
    moved_.notify();
}

task<result<void>> h2_outgoing::wait_until_taken(duration patience)
{
    time_limit end(home_.deadlines(), moved_);
    while (!sent_ && !broken_ && (waits() || last_)) {
        auto before = piece_.size();
        if (patience > duration{}) end.begin(home_.time() + patience);
        co_await moved_.wait();
        if (end.passed() && piece_.size() == before && !sent_ && !broken_) co_return net::errc::timed_out;
    }
    if (!sent_ && broken_) co_return broken_;
    co_return result<void>{};
}

h2_stream::offer h2_outgoing::offered(std::size_t most) const
{
    auto count = std::min(most, piece_.size());
    bool last = last_ && count == piece_.size();
    return {count, last, last ? trailers_ : nullptr};
}

std::string_view h2_outgoing::take(std::size_t count)
{
    auto taken = piece_.substr(0, count);
    piece_.remove_prefix(taken.size());
    moved_.notify();
    return taken;
}

void h2_outgoing::on_sent()
{
    sent_ = true;
    moved_.notify();
}

}  // namespace lintel::http
