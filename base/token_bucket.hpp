#pragma once
// How often something may happen. Pure: the clock is passed in.

#include "base/clock.hpp"

#include <algorithm>

namespace lintel {

/// Fills by `per_second` up to `most` tokens; starts with `at_first`.
class token_bucket {
public:
    token_bucket(double per_second, double most, double at_first)
        : per_second_(per_second), most_(most), tokens_(at_first)
    {
    }

    void add(double tokens) { tokens_ = std::min(tokens_ + tokens, most_); }

    /// True, and one token fewer, where there is a whole one.
    bool take(time_point now)
    {
        if (filled_ != time_point{}) add(std::chrono::duration<double>(now - filled_).count() * per_second_);
        filled_ = now;
        if (tokens_ < 1.0) return false;
        tokens_ -= 1.0;
        return true;
    }

private:
    double per_second_, most_, tokens_;
    time_point filled_{};
};

}  // namespace lintel
