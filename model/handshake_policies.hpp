#pragma once
// What a ClientHello's name decides, before any request is known: who takes the connection, and on which terms.

#include "model/snapshot.hpp"

#include <map>
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

}  // namespace lintel::model
