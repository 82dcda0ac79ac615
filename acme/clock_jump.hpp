#pragma once
// What was noted under a clock that has been set back since. Pure: the clock is an argument.

#include "store/records.hpp"

namespace lintel::acme {

/// The records of `all` whose times lie ahead though they were written in the past, as they should be at `now`: a
/// set-back holds for as long as it was meant to, from now on (nobody knows how much of it has passed); a bucket fills
/// again from now on; a CA that would be asked about a renewal in more than a day is asked now. Minutes don't count.
/// Empty where nothing is wrong.
store::changes after_clock_jump(const store::contents& all, wall_clock::time_point now);

bool is_empty(const store::changes& step);

}  // namespace lintel::acme
