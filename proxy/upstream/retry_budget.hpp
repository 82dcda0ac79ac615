#pragma once
// How many retries are worth their load. Pure: the clock is passed in.

#include "base/token_bucket.hpp"

namespace lintel::proxy {

/// Lets retries be at most 20 % of requests, with a floor of 10 a second, so that a failing upstream is not asked twice
/// as often just when it is weakest. Replays after failed connects and dead pooled connections don't ask here.
class retry_budget {
public:
    void on_request() { tokens_.add(0.2); }
    bool take(time_point now) { return tokens_.take(now); }

private:
    token_bucket tokens_{10.0, 100.0, 10.0};
};

}  // namespace lintel::proxy
