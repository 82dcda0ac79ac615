#pragma once
// What the records hold that nobody comes back to: it must not pile up over the years. Pure: the clock is an argument.

#include "store/records.hpp"

#include <set>

namespace lintel::acme {

/// The step that erases, at `now`, what has been of no use for a month: certificates that ended, orders that no CA
/// remembers, set-backs of names that nobody has tried since, buckets that have long been full again. `in_use`: ids of
/// certificates and orders that stay whatever a clock says.
store::changes leftovers(const store::contents& all, const std::set<std::string>& in_use, wall_clock::time_point now);

}  // namespace lintel::acme
