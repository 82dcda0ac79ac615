#pragma once
// What a ClientHello's name decides, before any request is known: who takes the connection, and on which terms.

#include "model/snapshot.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace lintel::model {

struct name_policy {
    std::string tls_options{default_tls_options};  ///< id of a set; "default" may be missing in the snapshot
    std::string tcp_router;                        ///< id of the TCP router that takes it; empty: it speaks HTTP

    bool operator==(const name_policy&) const = default;
};

/// By name in lower case, "*.x" for one label below x, "*" for all others and for none.
using name_policies = std::map<std::string, name_policy, std::less<>>;

/// The names that routers on one entrypoint speak for. Of a name that TCP and HTTP routers claim the TCP router has it
/// (the highest priority, then the first id), of HTTP routers one that is not closed. Routers without a host are "*". A
/// TCP router in clear text takes what isn't TLS and is not among them. Costs a parse of each rule.
name_policies handshake_policies(const snapshot& whole, std::string_view entrypoint);

/// The policy of the most specific name that covers `name` (lower case; empty: the client named none): itself, then the
/// wildcard, then "*". Null where none does: the default options, and HTTP.
const name_policy* policy_for(const name_policies& policies, std::string_view name);

/// Host ("a.x" or "*.x") → id of its option set, on whichever entrypoint a client comes. `encrypted` and `clear`: names
/// of entrypoints that speak TLS, and of those where only TCP routers end it. Hosts of "default" are there only where
/// they would fall to a wildcard with another set. Where entrypoints disagree, options go before "default", and then
/// the first entrypoint counts. Costs a parse of each rule.
std::map<std::string, std::string, std::less<>> tls_options_by_host(const snapshot& whole,
                                                                    std::span<const std::string> encrypted,
                                                                    std::span<const std::string> clear);

/// "*.x" for "a.x"; empty where no wildcard covers `host`.
std::string wildcard_over(std::string_view host);

}  // namespace lintel::model
