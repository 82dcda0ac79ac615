#pragma once
// Running an event loop in a test until something has come about.

#include "base/clock.hpp"
#include "net/event_loop.hpp"

#include <functional>

namespace lintel::test {

/// Lets the loop run until `done` says so; false when 5 s pass first.
inline bool run_until(net::event_loop& home, const std::function<bool()>& done)
{
    auto deadline = steady_clock::now() + std::chrono::seconds(5);
    while (!done()) {
        if (steady_clock::now() > deadline) return false;
        home.round(std::chrono::milliseconds(20));
    }
    return true;
}

}  // namespace lintel::test
