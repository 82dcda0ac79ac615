#pragma once
// What an edge is told at its start. Everything else comes over the link.

#include "http/h1_connection.hpp"
#include "http/upstream_call.hpp"
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
    http::head_limits head;
    model::http_options http;  ///< an entrypoint's and then a route's own come over it
    http::upstream_limits upstream;
    duration tls_handshake = std::chrono::seconds(10);  ///< from accept to the end of the handshake
    std::size_t max_handshakes = 1024;                  ///< in flight over all workers; a new one beyond is shed
    std::size_t max_waiting_names = 256;                ///< of these, those that wait for a certificate on demand
    duration name_patience = std::chrono::seconds(10);  ///< how long one of them waits
    std::size_t collected_body_bytes =
        64 * 1024;                    ///< bodies of known length up to this are read before an endpoint is asked
    std::size_t max_connections = 0;  ///< of clients; 0 = as descriptors and memory allow (edge.cpp)
    std::size_t max_connections_per_client = 0;       ///< of one IPv4 address or IPv6 /64; 0 = half of max_connections
    std::size_t max_heads = 4096;                     ///< connections that sent a part of a head, over all workers
    std::size_t max_uploads_per_service = 90;         ///< bodies that stream to a service at once, over all workers
    std::size_t pooled_per_endpoint = 64;             ///< idle upstream connections of HTTP/1, per worker
    std::size_t h2_connections_per_endpoint = 4;      ///< upstream connections of HTTP/2, per worker
    duration pooled_idle = std::chrono::seconds(55);  ///< how long an upstream connection may idle
    std::uint16_t https_port = 443;                   ///< what redirects to HTTPS name; 443 is left out of them
};

}  // namespace lintel::proxy
