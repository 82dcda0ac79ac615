#pragma once
// How slow a sender may be. Pure: the time is passed in.

#include "base/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace lintel::http {

/// A sender may fall behind `rate` (bytes a second) by `timeout` in all; only the time spent waiting for it counts. A
/// zero rate: each wait may take `timeout`. A zero timeout: no bound.
class pace {
public:
    void demand(duration timeout, std::uint64_t rate)
    {
        timeout_ = credit_ = timeout;
        rate_ = rate;
    }

    bool bounded() const { return timeout_ > duration{}; }

    /// How long the sender may take from now on.
    duration credit() const { return credit_; }

    /// The credit shrinks by the time that passed and grows by what came.
    void waited(duration passed, std::uint64_t bytes)
    {
        if (rate_ == 0) return;
        auto earned = std::chrono::nanoseconds(static_cast<std::int64_t>(bytes * 1'000'000'000 / rate_));
        credit_ = std::min(timeout_, credit_ - passed + earned);
    }

private:
    duration timeout_{}, credit_{};
    std::uint64_t rate_ = 0;
};

}  // namespace lintel::http
