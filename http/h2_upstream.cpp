#include "http/h2_upstream.hpp"

#include "base/log.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <algorithm>

namespace lintel::http {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t usual_bytes = net::buffer_pool::block_bytes, large_bytes = net::buffer_pool::large_bytes;
constexpr duration longest_write = 60s;  ///< a connection that takes nothing for so long is over for all its calls
constexpr duration stalled_after = 1s;   ///< one that takes nothing for so long gets no further call

}  // namespace

h2_upstream::h2_upstream(net::worker& home, std::unique_ptr<net::stream> connected, upstream_limits bounds)
    : home_(home),
      stream_(std::move(connected)),
      limits_(bounds),
      encrypted_(stream_->secured().encrypted),
      session_(h2_session::role::client, *this),
      input_(home.buffers()),
      output_(home.buffers()),
      output_due_(home),
      idle_since_(home.time()),
      heard_at_(home.time()),
      writing_since_(home.time()),
      reader_(*this, read()),
      writer_(*this, write())
{
    stream_->set_patience(net::direction::write, longest_write);
    reader_.start();
    writer_.start();
}

h2_upstream::~h2_upstream() { stream_->close(); }

std::size_t h2_upstream::room() const
{
    if (leaving_ || over_ || stream_->peer_gone()) return 0;
    bool stalled = writing_ && home_.time() - writing_since_ > stalled_after;
    std::size_t most = settings_seen_ ? std::min(session_.peer_streams(), h2_session::streams) : 1;
    return stalled || open_.size() >= most ? 0 : most - open_.size();
}

void h2_upstream::on_settings()
{
    settings_seen_ = true;
    if (told_) told_();
}

void h2_upstream::on_goaway()
{
    leaving_ = gone_away_ = true;
    if (told_) told_();
}

std::unique_ptr<h2_call> h2_upstream::begin_call()
{
    auto call = std::make_unique<h2_call>(shared_from_this());
    open_.push_back(call.get());
    ++calls_begun_;
    return call;
}

h2_stream_id h2_upstream::begin_stream(const request_head& head, bool whole, std::optional<std::uint64_t> length,
                                       h2_call& by)
{
    write_head(head, encrypted_ ? "https" : "http", length, texts_, list_);
    return session_.begin(list_, whole ? h2_session::head::whole : h2_session::head::with_body, by);
}

void h2_upstream::forget(h2_call& which)
{
    if (std::erase(open_, &which) > 0 && open_.empty()) idle_since_ = home_.time();
}

void h2_upstream::doubt(time_point since)
{
    if (heard_at_ <= since) leaving_ = true;
}

task<void> h2_upstream::read()
{
    for (;;) {
        auto count = co_await stream_->read_into(input_, filled_ ? large_bytes : usual_bytes);
        if (!count) co_return fail(count.error());
        if (*count == 0) co_return fail(errc::cut_short);
        heard_at_ = home_.time();
        filled_ = input_.full();
        in_session_ = true;
        bool goes_on = session_.receive(input_.bytes());
        in_session_ = false;
        input_.consume(input_.size());
        if (goes_on)
            push();
        else
            end_session();
        if (over_) co_return;
    }
}

void h2_upstream::push()
{
    if (in_session_ || over_) return;
    produce();
    if (!writing_ && !output_.empty()) output_due_.notify();
}

/// While the output has a reader it stays as it is; there is more for it when it is done.
void h2_upstream::produce()
{
    if (writing_) return;
    in_session_ = true;
    session_.produce(output_, large_ ? large_bytes : usual_bytes);
    in_session_ = false;
    if (session_.over()) fail(gone_away_ ? errc::stream_refused : errc::bad_frames);
}

/// It can't go on; what it has to say about that comes first.
void h2_upstream::end_session()
{
    push();
    fail(gone_away_ ? errc::stream_refused : errc::bad_frames);
}

/// Whatever became due in a round of the loop leaves in one write.
task<void> h2_upstream::write()
{
    for (;;) {
        produce();
        if (output_.empty()) {
            output_.release();
            if (over_) break;
            co_await output_due_.wait();
            continue;
        }
        large_ = output_.size() + usual_bytes / 4 > (large_ ? large_bytes : usual_bytes);
        writing_ = true;
        writing_since_ = home_.time();
        auto written = co_await stream_->write_all(output_.bytes());
        writing_ = false;
        output_.consume(output_.size());
        if (!written) {
            fail(written.error());
            break;
        }
    }
    stream_->close();
}

/// All that is under way has failed. The last word, if there is one, is still sent.
void h2_upstream::fail(error_code why)
{
    leaving_ = true;
    if (std::exchange(over_, true)) return;
    if (writing_) stream_->close();
    for (auto* each : std::exchange(open_, {})) each->lose(why);
    idle_since_ = home_.time();
    output_due_.notify();
    if (told_) told_();
}

void h2_upstream::line::ended(const std::exception_ptr& escaped)
{
    if (!escaped) return;
    log::error("task.failed", {{"task", "h2_upstream"}});
    of_.fail(net::errc::aborted);
}

}  // namespace lintel::http
