#pragma once
// Answers of the admin API, for people.

#include <string>
#include <string_view>

namespace lintel::app {

/// `path`: the one that was asked, "/status", "/routes", "/problems" or "/health"; anything else, or an answer that
/// isn't as expected, is shown as it came.
std::string table_of(std::string_view path, const std::string& json);

}  // namespace lintel::app
