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

lease::lease(worker_state& worker, endpoint_ptr target, const security_ptr& security, std::string proxy_header)
    : worker_(worker),
      target_(std::move(target)),
      counted_(target_, worker.index),
      security_(security),
      proxy_header_(std::move(proxy_header))
{
}

bool lease::take_pooled(freshness demanded)
{
    if (demanded == freshness::new_only || !proxy_header_.empty()) return false;
    auto& idle = target_->of(worker_.index).idle;
    bool careful = demanded == freshness::recently_used;
    auto now = worker_.loop.time();
    for (auto place = idle.end(); place != idle.begin();) {
        --place;
        if (place->speaks != security_) continue;
        if (careful && now - place->call->parked_at() > recent) return false;
        auto taken = std::move(*place);
        place = idle.erase(place);
        // Closed meanwhile, or bytes that nobody asked for, which must never answer the next request. The kernel is
        // asked where we don't know, and where a connection that turns out dead would cost the request.
        bool ask = careful || taken.call->may_have_spoken();
        if (ask && taken.call->stream().readable_now()) continue;
        connection_ = std::move(taken);
        return true;
    }
    return false;
}

task<result<void>> lease::connect(duration limit)
{
    auto end = steady_clock::now() + limit;
    auto& connecting = connecting_.emplace(worker_.loop, worker_.names, target_->host(), target_->port());
    auto made = co_await connecting.run(limit);
    connecting_.reset();
    if (!made) co_return made.error();
    worker_.counters.add(counter::upstream_connections);
    if (security_ || !proxy_header_.empty()) {
        opening_ = made->get();
        made = co_await open(std::move(*made), end);
        opening_ = nullptr;
        if (!made) co_return made.error();
    }
    connection_ = {std::make_unique<http::h1_upstream>(worker_.loop, std::move(*made), worker_.settings.upstream),
                   security_};
    co_return result<void>{};
}

/// What comes before the first request: whose connection it is, then TLS.
task<result<std::unique_ptr<net::stream>>> lease::open(std::unique_ptr<net::stream> stream, time_point end)
{
    if (!proxy_header_.empty()) {
        stream->expires_at(net::direction::write, end);
        auto written = co_await stream->write_all(proxy_header_);
        if (!written) co_return written.error();
        stream->expires_at(net::direction::write, time_point::max());
    }
    if (!security_) co_return std::move(stream);
    in_tls_ = true;
    co_return co_await security_->of(worker_.index, upstream_security::offer::http_1)
        .connect(std::move(stream), target_->id(), target_->host(), end - steady_clock::now(), &tls_problem_);
}

void lease::abort()
{
    if (connecting_) connecting_->abort();
    if (opening_ != nullptr) opening_->close();
}

void lease::give_back()
{
    auto& idle = target_->of(worker_.index).idle;
    bool wanted = connection_.call->reusable() && !target_->draining() && proxy_header_.empty() && make_room(idle);
    if (!wanted) return;
    connection_.call->park(worker_.loop.time());
    idle.push_back(std::move(connection_));
}

/// Where there is no room, one that speaks in another way gives way: it may be one that nobody can use any more.
bool lease::make_room(std::vector<upstream_connection>& idle) const
{
    if (idle.size() < worker_.settings.pooled_per_endpoint) return true;
    auto other = std::ranges::find_if(idle, [this](const auto& each) { return each.speaks != connection_.speaks; });
    if (other == idle.end()) return false;
    idle.erase(other);
    return true;
}

void prune_pool(endpoint::share& share, time_point now, duration longest_idle)
{
    std::erase_if(share.idle, [&](const auto& each) {
        return now - each.call->parked_at() > longest_idle || each.call->stream().readable_now();
    });
}

}  // namespace lintel::proxy
