#pragma once
// A rule, compiled: true or false for one request.

#include "http/message.hpp"
#include "model/rule.hpp"

#include <optional>
#include <set>
#include <string>

namespace lintel::proxy {

/// `host`: lower case, without port and trailing dot. Paths compare byte by byte (Traefik's v3 rules).
bool matches(const model::rule& rule, std::string_view host, std::string_view path);

/// The hosts (wildcards included) outside of which the rule can't match; none when it may match any host.
std::optional<std::set<std::string>> host_constraint(const model::rule& rule);

/// "*.x" for exactly one label before x; "*" for all; else the same.
bool host_matches(std::string_view pattern, std::string_view host);

}  // namespace lintel::proxy
