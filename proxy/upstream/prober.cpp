#include "proxy/upstream/prober.hpp"

#include "base/log.hpp"
#include "net/connect_host.hpp"

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
    if (!target->wants_probe() || !watched_.try_emplace(target.get(), false).second) return;
    probes_.spawn("probe", probe(std::move(target)));
}

task<void> prober::first_tries(time_point end)
{
    auto untried = [this] { return std::ranges::any_of(watched_, [](const auto& each) { return !each.second; }); };
    while (untried() && steady_clock::now() < end) co_await tried_.wait_until(end);
}

task<void> prober::probe(endpoint_ptr target)
{
    net::event pause(home_);
    auto wait = first_pause;
    while (target->wants_probe()) {
        auto connected = co_await net::connect_host(home_, names_, target->host(), target->port(), patience);
        if (connected && target->set_reachable(true)) on_change_(*target);
        if (!connected && wait == first_pause) on_change_(*target);
        watched_[target.get()] = true;
        tried_.notify();
        if (connected) break;
        co_await pause.wait_until(steady_clock::now() + wait);
        wait = std::min<duration>(wait * 3 / 2, longest_pause);
    }
    watched_.erase(target.get());
}

}  // namespace lintel::proxy
