#pragma once
// Which TCP router takes a connection. Immutable, a part of the route table.

#include "model/objects.hpp"
#include "proxy/settings.hpp"
#include "proxy/upstream/service.hpp"

#include <bitset>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::proxy {

/// A TCP router with everything looked up. Exactly one of `service` and `refusal` is meant.
struct tcp_route {
    std::string id;
    std::vector<std::string> names;  ///< "a.x", "*.x" for one label below x, "*" for any and none
    std::int64_t priority = 0;
    std::bitset<most_entrypoints> entrypoints;
    model::tcp_security security = model::tcp_security::clear;
    std::string tls_options;  ///< id of what a connection must have agreed to where TLS ends here
    service_ptr service;
    std::string refusal;
};
using tcp_route_ptr = std::shared_ptr<const tcp_route>;

class tcp_table {
public:
    tcp_table() = default;
    /// Of several for one name the highest priority has it, then the first id.
    explicit tcp_table(std::vector<tcp_route_ptr> routes);

    const std::vector<tcp_route_ptr>& routes() const { return routes_; }

    /// False: what comes in there is HTTP, and nothing has to be found out.
    bool has_any(std::size_t entrypoint) const { return any_[entrypoint]; }

    /// Some of them are told from each other, and from HTTP, by the name in the ClientHello.
    bool asks_for_name(std::size_t entrypoint) const { return by_name_[entrypoint]; }

    /// Who takes what isn't TLS; null: nobody.
    const tcp_route_ptr* clear(std::size_t entrypoint) const;

    /// Whether an HTTP router on that entrypoint speaks for a name, "a.x" or "*.x".
    using is_http = std::function<bool(std::string_view name)>;

    /// Who takes TLS for `server_name` (as tls/server_name.hpp; empty: none): the most specific name decides, and TCP
    /// comes before HTTP where both have it (model/handshake_policies). Null: it is HTTP.
    const tcp_route_ptr* match(std::size_t entrypoint, std::string_view server_name, const is_http& http) const;

private:
    using by_name = std::map<std::string, tcp_route_ptr, std::less<>>;
    struct on_entrypoint {
        by_name names;
        tcp_route_ptr clear;
    };
    const on_entrypoint* at(std::size_t entrypoint) const;

    std::vector<tcp_route_ptr> routes_;
    std::map<std::size_t, on_entrypoint> entrypoints_;
    std::bitset<most_entrypoints> any_, by_name_;
};

}  // namespace lintel::proxy
