#include "proxy/upstream/service.hpp"

namespace lintel::proxy {

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
