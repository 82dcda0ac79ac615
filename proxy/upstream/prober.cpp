#include "proxy/upstream/prober.hpp"

#include "base/log.hpp"
#include "net/connect_host.hpp"
#include "proxy/upstream/grpc_check.hpp"

namespace lintel::proxy {

using namespace std::chrono_literals;

namespace {

constexpr duration first_pause = 10ms, longest_pause = 1s, patience = 2s;

}  // namespace

prober::prober(net::worker& home, const std::vector<net::address>& dns, std::function<void(const endpoint&)> on_change)
    : home_(home), names_(home, dns), on_change_(std::move(on_change)), tried_(home), probes_(home)
{
}

void prober::watch(endpoint_ptr target)
{
    bool wanted = target->wants_probe() || target->wants_checks();
    if (!wanted || !watched_.try_emplace(target.get(), false).second) return;
    probes_.spawn("probe", probe(std::move(target)));
}

task<void> prober::first_tries(time_point end)
{
    auto untried = [this] { return std::ranges::any_of(watched_, [](const auto& each) { return !each.second; }); };
    while (untried() && steady_clock::now() < end) co_await tried_.wait_until(end);
}

task<void> prober::probe(endpoint_ptr target)
{
    auto wait = first_pause;
    while (target->wants_probe() || target->wants_checks()) {
        bool answered = co_await answers(*target, target->check());
        bool changed = target->set_reachable(answered);
        if (changed || (!answered && wait == first_pause)) on_change_(*target);
        watched_[target.get()] = true;
        tried_.notify();
        if (answered && !target->wants_checks()) break;
        co_await pause(target, answered ? target->check().how.interval : wait);
        wait = answered ? first_pause : std::min<duration>(wait * 3 / 2, longest_pause);
    }
    watched_.erase(target.get());
}

task<bool> prober::answers(const endpoint& target, endpoint_check check)
{
    auto end = steady_clock::now() + (check.how.grpc ? check.how.timeout : patience);
    auto left = [end] { return std::max<duration>(end - steady_clock::now(), duration(1)); };
    auto port = check.how.port != 0 ? check.how.port : target.port();
    auto connected = co_await net::connect_host(home_, names_, target.host(), port, left());
    if (!connected || !check.how.grpc) co_return connected.has_value();
    if (check.security) {
        connected = co_await check.security->of_link_thread().connect(std::move(*connected), target.id(), target.host(),
                                                                      left());
        if (!connected || (*connected)->secured().protocol != "h2") co_return false;
    }
    co_return co_await says_serving(home_, std::move(*connected), target.authority(), left());
}

/// In portions: an endpoint that is told to stop is let go soon, and one that has stopped is asked anew.
task<void> prober::pause(const endpoint_ptr& target, duration how_long)
{
    net::event never(home_);
    auto end = steady_clock::now() + how_long;
    bool reachable = target->reachable();
    while (steady_clock::now() < end && target->reachable() == reachable) {
        bool wanted = target->wants_probe() || target->wants_checks();
        if (!wanted) break;
        co_await never.wait_until(std::min(end, steady_clock::now() + longest_pause));
    }
}

}  // namespace lintel::proxy
