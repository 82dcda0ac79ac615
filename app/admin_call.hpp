#pragma once
// Calls of the running Lintel's admin API.

#include "http/fetch.hpp"

#include <optional>
#include <string>

namespace lintel::app {

/// The answer of `path`; `method` GET, or POST with `body`. None when nobody answers, which has been said on standard
/// error with what to do.
std::optional<http::fetch_response> call_admin(const std::string& state, const std::string& path,
                                               const std::string& method = "GET", std::string body = "");

/// The detail of a problem document (RFC 9457), or the text itself where it is none.
std::string detail_of(const std::string& problem_document);

}  // namespace lintel::app
