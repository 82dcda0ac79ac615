#pragma once
// Which route answers a request. Immutable; swapped as a whole, shards in which nothing changed are shared.

#include "proxy/routing/http_challenges.hpp"
#include "proxy/routing/matcher.hpp"
#include "proxy/routing/tcp_table.hpp"
#include "proxy/settings.hpp"
#include "proxy/upstream/service.hpp"

#include <array>
#include <bitset>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lintel::proxy {

/// A router with everything looked up. Exactly one of `service`, `redirect_to_https`, `canonical_host` and `refusal` is
/// meant.
struct route {
    std::string id;
    model::rule rule;
    std::int64_t priority = 0;
    std::bitset<most_entrypoints> entrypoints;
    service_ptr service;
    bool redirect_to_https = false;
    std::map<std::string, std::string, std::less<>> pending;  ///< hosts for which 503 is answered instead of that
                                                              ///< redirect, and what they wait for
    std::string canonical_host;
    std::string refusal;
    std::string tls_options;                   ///< that the connection of a request must have agreed to
    std::string strict_transport_security;     ///< for answers over TLS; empty: none
    std::vector<model::http_options> options;  ///< one per entrypoint; empty where the entrypoint's own count
    bool asks = false;                         ///< it is for any host, and certificates for them are had on demand
    std::bitset<most_entrypoints> path_as_is;  ///< where the path is matched and forwarded as received
};
using route_ptr = std::shared_ptr<const route>;

/// The order in which routes are asked: higher priority first, then the smaller id.
bool goes_before(const route& a, const route& b);

/// Routes that are asked together, in order: the first that matches wins.
using route_list = std::vector<route_ptr>;

/// Which list a route is in: a hash of the host that its rule names. Hosts with the same hash share a list, which costs
/// a comparison and nothing else: rules compare whole hosts.
using list_key = std::uint64_t;

/// `host` as a rule has it ("a.x", "*.x"), "" for routes that may match any host.
list_key key_of(std::string_view host);

struct list_change {
    route_list gone, fresh;  ///< in any order; a route that changed is in both
};

class route_table {
public:
    /// The route with the highest priority that matches on this entrypoint, null when none does. Looks at the routes
    /// that name the host, at those of the wildcard above it and at those without a host: the cost does not grow with
    /// the number of hosts. Allocates nothing.
    const route_ptr* match(std::size_t entrypoint, const http::request_head& request) const;

    /// Whether a route on this entrypoint is one for `name`, a host or "*.x".
    bool speaks_for(std::size_t entrypoint, std::string_view name) const;

    /// What doesn't get as far as HTTP.
    const tcp_table& tcp() const { return *tcp_; }
    std::shared_ptr<const route_table> with(std::shared_ptr<const tcp_table> tcp) const;

    /// As http_challenges::answer_to; ahead of every route. Costs nothing while there are none.
    const std::string* challenge_answer(const http::request_head& request) const
    {
        return challenges_ ? challenges_->answer_to(request) : nullptr;
    }
    std::shared_ptr<const route_table> with(http_challenges challenges) const;

    /// Whether some route is for any host and gets certificates for them on demand.
    bool asks() const { return asks_; }
    std::shared_ptr<const route_table> asking(bool whether) const;

    /// False before the first snapshot.
    bool loaded() const { return loaded_; }

    /// A copy with these changes. Shares all shards with this one but those that a change concerns.
    std::shared_ptr<const route_table> with(std::map<list_key, list_change> changes) const;

private:
    struct entry {
        list_key key;
        route_list list;
    };
    using shard = std::vector<entry>;  ///< in the order of keys

    static constexpr std::size_t shard_count = 256;  ///< a change copies one shard, not all keys
    static std::size_t shard_of(list_key key) { return key % shard_count; }
    const route_list* listed(list_key key) const;

    std::array<std::shared_ptr<const shard>, shard_count> shards_;
    std::shared_ptr<const tcp_table> tcp_ = std::make_shared<tcp_table>();
    std::shared_ptr<const http_challenges> challenges_;  ///< null: none
    bool loaded_ = false, asks_ = false;
};

}  // namespace lintel::proxy
