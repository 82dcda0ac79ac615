#include "proxy/upstream/lease.hpp"

#include "net/error.hpp"

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

lease::lease(worker_state& worker, endpoint_ptr target, manner_of_speaking how)
    : worker_(worker),
      target_(std::move(target)),
      counted_(target_, worker.index),
      how_(std::move(how)),
      woken_(worker.loop)
{
}

lease::~lease()
{
    bool ended = multiplexed_ != nullptr;
    multiplexed_.reset();
    if (ended && pool_) pool_->call_ended();
}

/// The connection may turn out to speak HTTP/2.
bool lease::may_multiplex() const
{
    if (how_.scheme == model::scheme::h2c) return true;
    return how_.security && how_.security->may_agree_on_http2() && !how_.http_1_only;
}

h2_pool& lease::pool()
{
    auto& known = share().multiplexed;
    auto same = [this](const auto& each) { return each->speaks() == how_.security; };
    if (auto found = std::ranges::find_if(known, same); found != known.end()) {
        pool_ = *found;
    } else {
        pool_ = known.emplace_back(std::make_shared<h2_pool>(how_.security));
        if (how_.scheme == model::scheme::h2c) pool_->find(h2_pool::finding::http_2);
    }
    return *pool_;
}

bool lease::take_pooled(freshness demanded)
{
    if (!how_.proxy_header.empty()) return false;
    if (may_multiplex()) {
        multiplexed_ = pool().take();
        if (multiplexed_) return true;
    }
    if (demanded == freshness::new_only) return false;
    auto& idle = share().idle;
    bool careful = demanded == freshness::recently_used;
    auto now = worker_.loop.time();
    for (auto place = idle.end(); place != idle.begin();) {
        --place;
        if (place->speaks != how_.security) continue;
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
    if (!may_multiplex() || !how_.proxy_header.empty()) co_return co_await connect_anew(end);
    auto& shared = pool();
    std::optional<h2_pool::place> waiting(std::in_place, shared, woken_);
    while (!target_->draining()) {
        if (shared.found() == h2_pool::finding::http_1) {
            waiting.reset();
            co_return co_await connect_anew(end);
        }
        if (shared.may_open(worker_.settings.h2_connections_per_endpoint)) {
            waiting.reset();
            h2_pool::opening mine(shared);
            auto made = co_await connect_anew(end);
            // A client that left says nothing about the endpoint: who waited opens another one.
            if (!made && !aborted_) mine.fail(made.error());
            co_return made;
        }
        auto waited = co_await waiting->wait(end);
        if (aborted_) co_return net::errc::aborted;
        found_no_room_ = !waited && waited.error() == net::errc::timed_out;
        if (!waited) co_return waited.error();
        multiplexed_ = waiting->take();
        if (multiplexed_) break;
    }
    co_return result<void>{};
}

task<result<void>> lease::connect_anew(time_point end)
{
    auto& connecting = connecting_.emplace(worker_.loop, worker_.names, target_->host(), target_->port());
    auto made = co_await connecting.run(end - steady_clock::now());
    connecting_.reset();
    if (!made) co_return made.error();
    worker_.counters.add(counter::upstream_connections);
    if (how_.security || !how_.proxy_header.empty()) {
        opening_ = made->get();
        made = co_await open(std::move(*made), end);
        opening_ = nullptr;
        if (!made) co_return made.error();
    }
    bool http_2 = how_.security ? (*made)->secured().protocol == "h2" : how_.scheme == model::scheme::h2c;
    if (pool_) pool_->find(http_2 ? h2_pool::finding::http_2 : h2_pool::finding::http_1);
    if (http_2) {
        multiplex(std::move(*made));
    } else {
        connection_ = {std::make_unique<http::h1_upstream>(worker_.loop, std::move(*made), worker_.settings.upstream),
                       how_.security};
    }
    co_return result<void>{};
}

/// What comes before the first request: whose connection it is, then TLS.
task<result<std::unique_ptr<net::stream>>> lease::open(std::unique_ptr<net::stream> stream, time_point end)
{
    if (!how_.proxy_header.empty()) {
        stream->expires_at(net::direction::write, end);
        auto written = co_await stream->write_all(how_.proxy_header);
        if (!written) co_return written.error();
        stream->expires_at(net::direction::write, time_point::max());
    }
    if (!how_.security) co_return std::move(stream);
    in_tls_ = true;
    auto offer = may_multiplex() ? upstream_security::offer::any : upstream_security::offer::http_1;
    co_return co_await how_.security->of(worker_.index, offer)
        .connect(std::move(stream), target_->id(), target_->host(), end - steady_clock::now(), &tls_problem_);
}

/// Others may have calls on it, too, unless it speaks for one client.
void lease::multiplex(std::unique_ptr<net::stream> connected)
{
    auto connection =
        std::make_shared<http::h2_upstream>(worker_.loop, std::move(connected), worker_.settings.upstream);
    multiplexed_ = connection->begin_call();
    if (pool_ && !target_->draining())
        pool_->add(std::move(connection));
    else
        connection->leave();
}

void lease::abort()
{
    aborted_ = true;
    if (connecting_) connecting_->abort();
    if (opening_ != nullptr) opening_->close();
    woken_.notify();
}

void lease::give_back()
{
    if (multiplexed_) return;  // the connection is where it was
    auto& idle = share().idle;
    bool wanted = connection_.call->reusable() && !target_->draining() && how_.proxy_header.empty() && make_room(idle);
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
    for (const auto& each : share.multiplexed) each->prune(now, longest_idle);
    std::erase_if(share.multiplexed, [](const auto& each) { return each->empty() && each.use_count() == 1; });
}

void leave_pool(endpoint::share& share)
{
    share.idle.clear();
    for (const auto& each : share.multiplexed) each->leave();
}

}  // namespace lintel::proxy
