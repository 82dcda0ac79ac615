#pragma once
// The rule of a router, in Traefik's v3 syntax: Host(`a.example`) && (PathPrefix(`/api`) || Path(`/up`)).
//
//   rule    = term { "||" term }          && binds tighter than ||
//   term    = factor { "&&" factor }
//   factor  = "(" rule ")" | matcher "(" string ")"
//   string  = `…` or "…"

#include "base/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::model {

/// One node of a parsed rule: a matcher with its value, or a combination of parts.
struct rule {
    enum class kind {
        all_of,
        any_of,
        host,         ///< `value`: lower case, no trailing dot; "*.x" is exactly one label before x, "*" is every host
        path,         ///< `value`: the whole path
        path_prefix,  ///< `value`: compared byte by byte, not by segment (as Traefik does)
    };

    kind what;
    std::string value;
    std::vector<rule> parts;

    bool operator==(const rule&) const = default;
};

/// Limits that keep a label from costing the edge anything worth mentioning.
inline constexpr std::size_t rule_limit_bytes = 8192;
inline constexpr int rule_limit_depth = 32;

/// Parses a whole rule. The problem names the column (from 1) and what was expected there.
checked<rule> parse_rule(std::string_view text);

/// Parses the rule of a TCP router: HostSNI(`a.example`) || HostSNI(`*.b.example`), or HostSNI(`*`) for any name and
/// none. Gives the names, in lower case and in order of appearance, each once; never empty. Traefik's other matchers
/// and
/// && are problems: the readable part of a rule is never served.
checked<std::vector<std::string>> parse_tcp_rule(std::string_view text);

/// Such a rule, for people.
std::string print_tcp_rule(std::span<const std::string> names);

/// The rule in one canonical spelling; parse_rule(print(r)) == r.
std::string print(const rule& tree);

/// A host as rules and requests compare it: lower case, without port and trailing dot. None when it is not a host name
/// or address in ASCII (RFC 3986 §3.2.2, RFC 1123 §2.1; underscore tolerated). IPv6 stands in brackets.
std::optional<std::string> canonical_host(std::string_view host);

/// Every host that the rule names, wildcards included, in order of appearance, each once.
std::vector<std::string> hosts_of(const rule& tree);

}  // namespace lintel::model
