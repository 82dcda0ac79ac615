#pragma once
// How many retries are worth their load. Pure: the clock is passed in.

#include "base/clock.hpp"

#include <algorithm>

namespace lintel::proxy {

/// Lets retries be at most 20 % of requests, with a floor of 10 a second, so that a failing upstream is not asked twice
/// as often just when it is weakest. Replays after failed connects and dead pooled connections don't ask here.
class retry_budget {
public:
    void on_request() { tokens_ = std::min(tokens_ + share, most); }

    bool take(time_point now)
    {
        auto passed = std::chrono::duration<double>(now - refilled_).count();
        tokens_ = std::min(tokens_ + std::clamp(passed, 0.0, 1.0) * floor_per_second, most);
        refilled_ = now;
        if (tokens_ < 1.0) return false;
        tokens_ -= 1.0;
        return true;
    }

private:
    static constexpr double share = 0.2, floor_per_second = 10.0, most = 100.0;
    double tokens_ = floor_per_second;
    time_point refilled_{};
};

}  // namespace lintel::proxy
