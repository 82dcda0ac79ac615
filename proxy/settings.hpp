#pragma once
// What an edge is told at its start. Everything else comes over the link.

#include "http/h1_connection.hpp"
#include "http/h1_upstream.hpp"
#include "model/entrypoint.hpp"
#include "net/address.hpp"

#include <vector>

namespace lintel::proxy {

/// Routes say on which entrypoints they are with a bit for each.
inline constexpr std::size_t most_entrypoints = 64;

struct settings {
    std::vector<model::entrypoint> entrypoints;
    std::size_t workers = 1;
    net::network_set trusted_proxies;  ///< whose X-Forwarded-* are believed
    std::vector<net::address> dns;     ///< name servers for endpoints' names; none = those of /etc/resolv.conf
    http::connection_limits client;
    http::h1_upstream::limits upstream{.head = {.head_bytes = 64 * 1024, .target_bytes = 64 * 1024, .fields = 1000},
                                       .interim = 100,
                                       .first_byte = std::chrono::seconds(60),
                                       .between_bytes = std::chrono::seconds(60),
                                       .write = std::chrono::seconds(60)};
    duration connect_timeout = std::chrono::seconds(5);
    duration tls_handshake = std::chrono::seconds(10);
    std::size_t collected_body_bytes =
        64 * 1024;                         ///< bodies of known length up to this are read before an endpoint is asked
    std::size_t pooled_per_endpoint = 64;  ///< idle upstream connections, per worker
    duration pooled_idle = std::chrono::seconds(55);  ///< how long an upstream connection may idle
    std::uint16_t https_port = 443;                   ///< what redirects to HTTPS name; 443 is left out of them
};

}  // namespace lintel::proxy
