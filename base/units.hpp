#pragma once
// Durations and sizes as people write them.

#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lintel::units {

/// "250ms", "10s", "1m30s", "2h", or a bare whole number of seconds (as Traefik reads it). None when it is neither,
/// negative, or longer than a year.
std::optional<duration> parse_duration(std::string_view text);
std::string format(duration value);

/// "512", "64KiB", "10MiB", "1GiB". None when it is none of these or overflows.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace lintel::units
