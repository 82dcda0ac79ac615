#include "http/tunnel.hpp"

#include "net/error.hpp"

namespace lintel::http {

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;

}  // namespace

tunnel::tunnel(net::worker& home, tunnel_end client, tunnel_end upstream, duration longest_silence)
    : home_(home), client_(std::move(client)), upstream_(std::move(upstream)), silence_(*this, longest_silence)
{
}

tunnel::silence::silence(tunnel& owner, duration longest)
    : deadline(owner.home_.deadlines()), owner_(owner), longest_(longest), last_(steady_clock::now())
{
    if (longest_ > duration{}) set(last_ + longest_);
}

void tunnel::silence::late()
{
    auto end = last_ + longest_;
    if (steady_clock::now() < end) return set(end);
    owner_.cut();
}

void tunnel::say_goodbye()
{
    leaving_ = true;
    if (goodbye_said_ || writing_ || !frames_.between_frames()) return;  // pass_to_client() says it at the frame's end
    goodbye_said_ = client_.stream->try_write({&websocket_goodbye, 1}).has_value();
}

/// One direction. Waits without a buffer.
task<void> tunnel::copy(tunnel_end& from, tunnel_end& to, passing pass)
{
    auto written = co_await (this->*pass)(from.early);
    from.early = {};
    net::buffer buffer(home_.buffers());
    while (written) {
        auto count = from.stream->try_read(buffer.prepare(least_read_bytes));
        if (!count && count.error() == net::errc::would_block) {
            buffer.release();
            if (co_await from.stream->wait(net::direction::read)) continue;
            break;
        }
        if (!count) break;
        if (*count == 0) co_return co_await to.stream->finish_writing();
        buffer.commit(*count);
        written = co_await (this->*pass)(buffer.bytes());
        buffer.consume(*count);
        silence_.broken();
    }
    cut();
}

now_or_later<result<void>> tunnel::pass_upstream(std::string_view bytes)
{
    totals_.from_client += bytes.size();
    return upstream_.stream->write_all(bytes);
}

now_or_later<result<void>> tunnel::pass_to_client(std::string_view bytes)
{
    if (goodbye_said_ || bytes.empty()) return result<void>{};
    frames_.pass(bytes);
    return write_to_client(bytes);
}

task<result<void>> tunnel::write_to_client(std::string_view bytes)
{
    writing_ = true;
    auto written = co_await client_.stream->write_all(bytes);
    writing_ = false;
    totals_.from_upstream += bytes.size();
    silence_.broken();
    if (written && leaving_) say_goodbye();
    co_return written;
}

void tunnel::cut()
{
    client_.stream->close(net::stream::manner::abortive);
    upstream_.stream->close(net::stream::manner::abortive);
}

}  // namespace lintel::http
