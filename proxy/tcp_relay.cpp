#include "proxy/tcp_relay.hpp"

#include "net/error.hpp"
#include "net/pipe_pool.hpp"
#include "net/task_group.hpp"

namespace lintel::proxy {

namespace {

/// Whoever sends so much at a time sends more: it is worth a pipe.
constexpr std::size_t in_bulk = net::buffer_pool::block_bytes;
constexpr int most_eager = 32;  ///< moves in a row before the others of the worker get their turn

}  // namespace

tcp_relay::tcp_relay(net::worker& home, net::stream& client, net::stream& upstream, duration longest_silence)
    : home_(home), client_(client), upstream_(upstream), silence_(*this, longest_silence)
{
}

tcp_relay::silence::silence(tcp_relay& owner, duration longest)
    : deadline(owner.home_.deadlines()), owner_(owner), longest_(longest), last_(steady_clock::now())
{
    if (longest_ > duration{}) set(last_ + longest_);
}

void tcp_relay::silence::late()
{
    auto end = last_ + longest_;
    if (steady_clock::now() < end) return set(end);
    owner_.break_off(fault::silent);
}

task<fault> tcp_relay::run()
{
    net::task_group other(home_);
    other.spawn("tcp.response", copy(upstream_, client_, totals_.from_upstream));
    co_await copy(client_, upstream_, totals_.from_client);
    co_await other.join();
    co_return broken_;
}

/// A side that failed ends both: half a conversation is none.
void tcp_relay::break_off(fault why)
{
    if (broken_ == fault::none) broken_ = why;
    client_.close(net::stream::manner::abortive);
    upstream_.close(net::stream::manner::abortive);
}

void tcp_relay::note(std::uint64_t& passed, std::size_t count)
{
    passed += count;
    silence_.last_ = home_.time();
}

/// One direction.
task<void> tcp_relay::copy(net::stream& from, net::stream& to, std::uint64_t& passed)
{
    net::buffer buffer(home_.buffers());
    auto state = how::more;
    while (state == how::more) {
        auto before = passed;
        state = co_await copy_a_buffer(from, to, buffer, passed);
        bool bulk = passed - before >= in_bulk && from.splices() && to.splices();
        if (state != how::more || !bulk) continue;
        buffer.release();
        state = co_await splice(from, to, passed);
    }
    if (state == how::end) co_return co_await to.finish_writing();
    bool client_failed = (state == how::source_failed) == (&from == &client_);
    break_off(client_failed ? fault::client_gone : fault::response_cut);
}

/// Waits without a buffer.
task<tcp_relay::how> tcp_relay::copy_a_buffer(net::stream& from, net::stream& to, net::buffer& buffer,
                                              std::uint64_t& passed)
{
    auto count = co_await from.read_into(buffer, in_bulk);
    if (!count) co_return how::source_failed;
    if (*count == 0) co_return how::end;
    auto written = co_await to.write_all(buffer.bytes());
    buffer.consume(*count);
    if (!written) co_return how::sink_failed;
    note(passed, *count);
    co_return how::more;
}

/// Through a pipe, without copying, until nothing is there, or little.
task<tcp_relay::how> tcp_relay::splice(net::stream& from, net::stream& to, std::uint64_t& passed)
{
    auto pipe = home_.pipes().take();
    if (!pipe) co_return how::more;
    for (int eager = 0;; ++eager) {
        auto count = from.try_splice_out(pipe->in.get(), net::pipe_pool::pipe_bytes);
        bool nothing = !count && count.error() == net::errc::would_block;
        if (!count && !nothing) co_return how::source_failed;
        for (auto left = count ? *count : 0; left > 0;) {
            auto moved = to.try_splice_in(pipe->out.get(), left);
            if (!moved && moved.error() == net::errc::would_block) {
                eager = 0;
                if (auto ready = co_await to.wait(net::direction::write); !ready) co_return how::sink_failed;
                continue;
            }
            if (!moved || *moved == 0) co_return how::sink_failed;
            left -= *moved;
            note(passed, *moved);
        }
        if (nothing || *count < in_bulk) {
            home_.pipes().give_back(std::move(*pipe));
            co_return !nothing && *count == 0 ? how::end : how::more;
        }
        if (eager < most_eager) continue;
        eager = 0;
        co_await net::next_round();
    }
}

}  // namespace lintel::proxy
