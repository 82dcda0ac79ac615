#include "http/tunnel.hpp"

#include "net/task_group.hpp"

namespace lintel::http {

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;

/// One direction. Holds a buffer only while bytes are in it.
task<void> copy(net::worker& home, tunnel_end from, net::stream& to, std::uint64_t& total)
{
    net::buffer buffer(home.buffers());
    auto written = co_await to.write_all(from.early);
    total += from.early.size();
    while (written) {
        buffer.release();
        if (!co_await from.stream.wait(net::direction::read)) break;
        auto count = co_await from.stream.read_some(buffer.prepare(least_read_bytes));
        if (!count) break;
        if (*count == 0) {
            to.shutdown_write();
            co_return;
        }
        buffer.commit(*count);
        written = co_await to.write_all(buffer.bytes());
        total += *count;
    }
    // A side that failed ends both: half a conversation is none.
    from.stream.close(net::stream::manner::abortive);
    to.close(net::stream::manner::abortive);
}

}  // namespace

task<tunnel_totals> run_tunnel(net::worker& home, tunnel_end client, tunnel_end upstream)
{
    tunnel_totals totals;
    net::task_group directions(home.get_executor());
    directions.spawn("tunnel.request", copy(home, client, upstream.stream, totals.from_client));
    directions.spawn("tunnel.response", copy(home, upstream, client.stream, totals.from_upstream));
    co_await directions.join();
    co_return totals;
}

}  // namespace lintel::http
