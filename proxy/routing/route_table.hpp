#pragma once
// Which route answers a request. Immutable; swapped as a whole, hosts that did not change are shared.

#include "proxy/routing/matcher.hpp"
#include "proxy/settings.hpp"
#include "proxy/upstream/service.hpp"

#include <array>
#include <bitset>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace lintel::proxy {

/// A router with everything looked up. Exactly one of `service`, `redirect_to_https` and `refusal` is meant.
struct route {
    std::string id;
    model::rule rule;
    std::int64_t priority = 0;
    std::bitset<most_entrypoints> entrypoints;
    service_ptr service;
    bool redirect_to_https = false;
    std::string refusal;
    std::vector<model::http_options> options;  ///< one per entrypoint; empty where the entrypoint's own count
    std::bitset<most_entrypoints> path_as_is;  ///< where the path is matched and forwarded as received
};
using route_ptr = std::shared_ptr<const route>;

/// The order in which routes are asked: higher priority first, then the smaller id.
bool goes_before(const route& a, const route& b);

/// Routes of one host, the first that matches wins.
using route_list = std::vector<route_ptr>;
using route_list_ptr = std::shared_ptr<const route_list>;

class route_table {
public:
    /// The route with the highest priority that matches on this entrypoint, null when none does. Looks at the routes
    /// that name the host, at those of the wildcard above it and at those without a host: the cost does not grow with
    /// the number of hosts.
    const route_ptr* match(std::size_t entrypoint, const http::request_head& request) const;

    /// False before the first snapshot.
    bool loaded() const { return loaded_; }

    /// A copy in which these hosts have other routes ("" = those without a host; null = the host is gone).
    std::shared_ptr<const route_table> with(const std::map<std::string, route_list_ptr>& changed) const;

private:
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using shard = std::unordered_map<std::string, route_list_ptr, text_hash, std::equal_to<>>;
    static constexpr std::size_t shard_count = 256;  ///< a change copies one shard, not all hosts

    static std::size_t shard_of(std::string_view host) { return text_hash{}(host) % shard_count; }
    const route_list* routes_of(std::string_view host) const;

    std::array<std::shared_ptr<const shard>, shard_count> shards_;
    route_list_ptr anywhere_;
    bool loaded_ = false;
};

}  // namespace lintel::proxy
