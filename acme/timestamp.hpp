#pragma once
// Times as CAs write them.

#include "base/clock.hpp"

#include <optional>
#include <string_view>

namespace lintel::acme {

/// RFC 3339, as "2026-01-02T04:00:00Z" or with fractions and "+02:00".
std::optional<wall_clock::time_point> parse_timestamp(std::string_view text);

/// The value of a Retry-After field (RFC 9110 §10.2.3): seconds, or a date, which is counted from `sent`. Never below
/// zero, a year at most; none when it is neither.
std::optional<duration> parse_retry_after(std::string_view value, wall_clock::time_point sent);

}  // namespace lintel::acme
