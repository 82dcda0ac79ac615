#pragma once
// Time as the whole project names it.

#include <chrono>

namespace lintel {

using duration = std::chrono::nanoseconds;
using steady_clock = std::chrono::steady_clock;
using time_point = steady_clock::time_point;  ///< monotonic; never shown to people
using wall_clock = std::chrono::system_clock;

}  // namespace lintel
