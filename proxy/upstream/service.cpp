#include "proxy/upstream/service.hpp"

namespace lintel::proxy {

using namespace std::chrono_literals;

endpoint_ptr service::choose(std::size_t worker, std::span<const endpoint* const> avoid) const
{
    auto& next = turns->positions[worker].next;
    for (bool last_resort : {false, true}) {
        for (std::size_t i = 0; i < endpoints.size(); ++i) {
            const auto& candidate = endpoints[(next + i) % endpoints.size()];
            if (!candidate->usable() || std::ranges::find(avoid, candidate.get()) != avoid.end()) continue;
            if (!last_resort && candidate->shunned()) continue;
            next = static_cast<std::uint32_t>((next + i + 1) % endpoints.size());
            return candidate;
        }
    }
    return nullptr;
}

endpoint_ptr service::choose_newest(std::size_t worker, std::span<const endpoint* const> avoid, time_point now) const
{
    constexpr duration a_newcomer_for = 10s;
    const endpoint_ptr* newest = nullptr;
    for (const auto& each : endpoints) {
        if (!each->usable() || each->shunned() || std::ranges::find(avoid, each.get()) != avoid.end()) continue;
        if (newest == nullptr || each->ready_since() > (*newest)->ready_since()) newest = &each;
    }
    bool new_enough = newest != nullptr && now - (*newest)->ready_since() < a_newcomer_for;
    return new_enough ? *newest : choose(worker, avoid);
}

std::string_view service::why_none() const
{
    constexpr std::array<std::string_view, 9> most_hopeful_first{
        "ready", "candidate", "starting", "suspect", "unconfirmed", "unhealthy", "paused", "draining", "stopped"};
    auto rank = [&](std::string_view state) { return std::ranges::find(most_hopeful_first, state); };
    std::string_view best = "no-endpoint";
    for (const auto& each : endpoints) {
        auto state = each->state();
        if (best == "no-endpoint" || rank(state) < rank(best)) best = state;
    }
    return best == "candidate" ? "starting" : best == "suspect" ? "unhealthy" : best;
}

}  // namespace lintel::proxy
