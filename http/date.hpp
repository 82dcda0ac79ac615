#pragma once
// The Date field (RFC 9110 §6.6.1).

#include "base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lintel::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" for now.
std::string date_now();

/// A date in any of the three forms that recipients must know (RFC 9110 §5.6.7); none when it is something else.
std::optional<wall_clock::time_point> parse_date(std::string_view text);

}  // namespace lintel::http
