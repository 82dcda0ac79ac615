#pragma once
// A rule, compiled: true or false for one request.

#include "http/message.hpp"
#include "model/rule.hpp"

#include <optional>
#include <set>
#include <string>

namespace lintel::proxy {

/// Hosts compare caselessly without port and trailing dot, paths byte by byte in their normal form (Traefik's v3
/// rules).
bool matches(const model::rule& rule, const http::request_head& request);

/// The hosts (wildcards included) outside of which the rule can't match; none when it may match any host.
std::optional<std::set<std::string>> host_constraint(const model::rule& rule);

/// "*.x" for exactly one label before x; "*" for all; else the same.
bool host_matches(std::string_view pattern, std::string_view host);

}  // namespace lintel::proxy
