#include "http/tunnel.hpp"

#include "net/task_group.hpp"

namespace lintel::http {

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;

/// The next bytes from one side; none at its end. Holds a buffer only while bytes are in it.
task<result<std::string_view>> next_bytes(net::stream& from, net::buffer& buffer)
{
    buffer.consume(buffer.size());
    if (auto count = co_await from.read_into(buffer, least_read_bytes); !count) co_return count.error();
    co_return buffer.bytes();
}

}  // namespace

tunnel::tunnel(net::worker& home, tunnel_end client, tunnel_end upstream, duration longest_silence)
    : home_(home), client_(client), upstream_(upstream), silence_(*this, longest_silence)
{
}

tunnel::silence::silence(tunnel& owner, duration longest)
    : deadline(owner.home_.deadlines()), owner_(owner), longest_(longest)
{
    if (longest_ > duration{}) set(last_ + longest_);
}

void tunnel::silence::late()
{
    auto end = last_ + longest_;
    if (steady_clock::now() < end) return set(end);
    owner_.cut();
}

task<tunnel::totals> tunnel::run()
{
    net::task_group directions(home_);
    directions.spawn("tunnel.request", copy_request());
    directions.spawn("tunnel.response", copy_response());
    co_await directions.join();
    co_return totals_;
}

void tunnel::say_goodbye()
{
    leaving_ = true;
    if (goodbye_said_ || writing_ || !frames_.between_frames()) return;  // pass_to_client() says it at the frame's end
    goodbye_said_ = client_.stream.try_write({&websocket_goodbye, 1}).has_value();
}

task<void> tunnel::copy_request()
{
    net::buffer buffer(home_.buffers());
    auto written = co_await upstream_.stream.write_all(client_.early);
    totals_.from_client += client_.early.size();
    while (written) {
        auto bytes = co_await next_bytes(client_.stream, buffer);
        if (!bytes) break;
        if (bytes->empty()) co_return co_await upstream_.stream.finish_writing();
        written = co_await upstream_.stream.write_all(*bytes);
        totals_.from_client += bytes->size();
        silence_.broken();
    }
    cut();
}

task<void> tunnel::copy_response()
{
    net::buffer buffer(home_.buffers());
    auto written = co_await pass_to_client(upstream_.early);
    while (written) {
        auto bytes = co_await next_bytes(upstream_.stream, buffer);
        if (!bytes) break;
        if (bytes->empty()) co_return co_await client_.stream.finish_writing();
        written = co_await pass_to_client(*bytes);
    }
    cut();
}

task<result<void>> tunnel::pass_to_client(std::string_view bytes)
{
    if (goodbye_said_) co_return result<void>{};
    frames_.pass(bytes);
    writing_ = true;
    auto written = co_await client_.stream.write_all(bytes);
    writing_ = false;
    totals_.from_upstream += bytes.size();
    silence_.broken();
    if (written && leaving_) say_goodbye();
    co_return written;
}

/// A side that failed ends both: half a conversation is none.
void tunnel::cut()
{
    client_.stream.close(net::stream::manner::abortive);
    upstream_.stream.close(net::stream::manner::abortive);
}

}  // namespace lintel::http
