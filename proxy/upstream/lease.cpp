#include "proxy/upstream/lease.hpp"

namespace lintel::proxy {

using namespace std::chrono_literals;

namespace {

constexpr duration recent = 1s;

void step(std::atomic<std::uint32_t>& count, int by)
{
    count.store(count.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(by), std::memory_order_relaxed);
}

}  // namespace

in_flight::in_flight(endpoint_ptr target, std::size_t worker) : target_(std::move(target)), worker_(worker)
{
    step(target_->of(worker_).in_flight, 1);
}

in_flight::~in_flight()
{
    if (target_) step(target_->of(worker_).in_flight, -1);
}

lease::lease(worker_state& worker, endpoint_ptr target)
    : worker_(worker), target_(std::move(target)), counted_(target_, worker.index)
{
}

bool lease::take_pooled(freshness demanded)
{
    connection_ = from_pool(demanded);
    return connection_ != nullptr;
}

task<result<void>> lease::connect(duration limit)
{
    auto& connecting = connecting_.emplace(worker_.loop, worker_.names, target_->host(), target_->port());
    auto made = co_await connecting.run(limit);
    connecting_.reset();
    if (!made) co_return made.error();
    worker_.counters.add(counter::upstream_connections);
    connection_ = std::make_unique<http::h1_upstream>(worker_.loop, std::move(*made), worker_.settings.upstream);
    co_return result<void>{};
}

void lease::abort()
{
    if (connecting_) connecting_->abort();
}

std::unique_ptr<http::h1_upstream> lease::from_pool(freshness demanded)
{
    auto& share = target_->of(worker_.index);
    bool careful = demanded == freshness::recently_used;
    auto now = worker_.loop.time();
    while (demanded != freshness::new_only && !share.idle.empty()) {
        if (careful && now - share.idle.back()->parked_at() > recent) return nullptr;
        auto taken = std::move(share.idle.back());
        share.idle.pop_back();
        // Closed meanwhile, or bytes that nobody asked for, which must never answer the next request. The kernel is
        // asked where we don't know, and where a connection that turns out dead would cost the request.
        bool ask = careful || taken->may_have_spoken();
        if (!ask || !taken->stream().readable_now()) return taken;
    }
    return nullptr;
}

void lease::give_back()
{
    auto& idle = target_->of(worker_.index).idle;
    bool wanted = connection_->reusable() && !target_->draining() && idle.size() < worker_.settings.pooled_per_endpoint;
    if (!wanted) return;
    connection_->park(worker_.loop.time());
    idle.push_back(std::move(connection_));
}

void prune_pool(endpoint::share& share, time_point now, duration longest_idle)
{
    std::erase_if(share.idle, [&](const auto& each) {
        return now - each->parked_at() > longest_idle || each->stream().readable_now();
    });
}

}  // namespace lintel::proxy
