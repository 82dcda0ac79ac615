#include "proxy/open_tunnel.hpp"

#include "net/task_group.hpp"

namespace lintel::proxy {

open_tunnel::open_tunnel(worker_state& worker, http::tunnel_end upstream, in_flight counted, duration longest_silence)
    : worker_(worker), upstream_(std::move(upstream)), counted_(std::move(counted)), longest_silence_(longest_silence)
{
}

void open_tunnel::remember(const access_record& record)
{
    if (worker_.access != nullptr) record_ = std::make_unique<kept_record>(record);
}

task<void> open_tunnel::run(http::tunnel_end client)
{
    worker_.counters.add(counter::tunnels);
    counted open(worker_.counters, counter::tunnels_open);
    http::tunnel between(worker_.loop, std::move(client), std::move(upstream_), longest_silence_);
    auto place = worker_.tunnels.insert(worker_.tunnels.end(), &between);
    net::task_group other(worker_.loop);
    other.spawn("tunnel.response", between.copy_response());
    co_await between.copy_request();
    co_await other.join();
    worker_.tunnels.erase(place);
    if (!record_) co_return;
    record_->record.sent_bytes = between.passed().from_upstream;
    worker_.write(record_->record);
}

}  // namespace lintel::proxy
