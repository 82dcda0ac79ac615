#pragma once
// The nouns that control and edge share. Plain data; every object is known by its kind and id.
//
//   router, tcp_router ──service id──► service ──endpoint ids──► endpoint     certificate (chosen by SNI)
//          └──tls_options id──► tls_options   └──transport id──► transport

#include "model/http_options.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::model {

/// Sends the requests that its rule matches, on the entrypoints that it names, to one service. Exactly one of
/// `service`, `redirect_to_https`, `canonical_host` and `refusal` decides what happens.
struct router {
    std::string rule;           ///< model::parse_rule reads it
    std::int64_t priority = 0;  ///< higher is asked first; 0 = the length of the rule's text, as Traefik has it
    std::vector<std::string> entrypoints;  ///< names of declared entrypoints; whether TLS is spoken is the entrypoint's
    std::string service;                   ///< id of the service that answers
    bool redirect_to_https = false;        ///< answer 308 to the same URI on the https entrypoint
    std::string refusal;         ///< answer 503 with this sentence: the router restricts access in a way we can't keep
    option_texts options{};      ///< overrides of http_options that hold for the requests of this router
    std::string tls_options;     ///< id of what its clients must have agreed to in their handshake; empty = "default"
    std::string canonical_host;  ///< answer 308 to the same URI on this host
    std::string strict_transport_security;  ///< the field's value (RFC 6797 §6.1), said over TLS only; empty = not said
    std::map<std::string, std::string> pending;  ///< host of the rule → what its certificate waits for: answered with
                                                 ///< 503 instead of redirect_to_https
    std::string ask;     ///< of a router for any host: the URL that says whether a name shall have a certificate
    std::string source;  ///< for people: the container and label or the file that it comes from

    bool operator==(const router&) const = default;
};

/// What is done with the connections that a TCP router takes.
enum class tcp_security {
    clear,      ///< no TLS is expected: the rule is HostSNI(`*`)
    passed_on,  ///< TLS goes through to the service untouched; the name is read from the ClientHello
    ended,      ///< we end TLS and pass the bytes inside on
};

/// Sends the connections that its rule matches, on the entrypoints that it names, to one service. Exactly one of
/// `service` and `refusal` decides: a refused connection is closed.
struct tcp_router {
    std::vector<std::string> names;  ///< of HostSNI: exact, "*.x", or "*" for any name and none; lower case
    std::int64_t priority = 0;       ///< higher is asked first; without one of its own the length of its rule's text
    std::vector<std::string> entrypoints;
    tcp_security security = tcp_security::clear;
    std::string tls_options;  ///< as a router's, where TLS ends here
    std::string service;
    std::string refusal;
    std::string source;

    bool operator==(const tcp_router&) const = default;
};

/// What is spoken with the endpoints of a service, as the scheme of a server's URL names it.
enum class scheme {
    http,   ///< HTTP/1.1 in clear text
    https,  ///< over TLS; which version of HTTP is agreed on by ALPN
    h2c,    ///< HTTP/2 with prior knowledge in clear text (RFC 9113 §3.3)
};

/// How the edge keeps finding out whether the endpoints of a service may be used, beyond taking connections.
struct health_check {
    bool grpc = false;  ///< grpc.health.v1.Health/Check must answer SERVING; false: nothing is asked
    duration interval = std::chrono::seconds(30);
    duration timeout = std::chrono::seconds(5);
    std::uint16_t port = 0;  ///< 0: the endpoint's own

    bool operator==(const health_check&) const = default;
};

/// A set of endpoints that are all as good as each other, used in turn.
struct service {
    std::vector<std::string> endpoints;
    bool pass_host = true;  ///< false: the endpoint's own authority is sent as Host
    model::scheme scheme = model::scheme::http;
    std::string transport;   ///< id of how TLS is spoken with them; empty: verified against the system's authorities
    int proxy_protocol = 0;  ///< version of the PROXY header that is sent ahead, 1 or 2; 0 = none
    health_check check;
    std::string source;

    bool operator==(const service&) const = default;
};

enum class tls_version : std::uint8_t { tls_1_2, tls_1_3 };

/// What a client's certificate is worth.
enum class client_auth {
    none,             ///< not asked for
    verify_if_given,  ///< who sends none is let in, who sends a bad one is not
    require,
};

/// The id of the set that holds where a router names none.
inline constexpr std::string_view default_tls_options = "default";

/// How TLS is spoken with clients (Traefik's tls.options). The id "default" holds where a router names none; where it
/// is missing, the values below.
struct tls_options {
    tls_version lowest = tls_version::tls_1_2, highest = tls_version::tls_1_3;
    std::vector<std::string> cipher_suites;  ///< of TLS 1.2, IANA's names; empty = ours
    std::vector<std::string> curves;         ///< OpenSSL's group names, in order of preference; empty = ours
    std::vector<std::string> protocols;      ///< for ALPN, in order of preference; empty = ours
    bool strict_names = false;               ///< sniStrict: no default certificate for an unknown or missing name
    model::client_auth clients = model::client_auth::none;
    std::string client_ca_pem;  ///< never empty where `clients` asks for certificates
    std::string source;

    bool operator==(const tls_options&) const = default;
};

/// How TLS is spoken with the endpoints of a service (Traefik's serversTransport).
struct transport {
    std::string server_name;  ///< sent as SNI and looked for in the certificate; empty = the endpoint's host
    std::string ca_pem;       ///< whom to trust; empty = the system's authorities
    std::string chain_pem;    ///< our own certificate, for endpoints that ask; empty = none
    std::string key_pem;      ///< never logged, never in an answer, never in the last good snapshot
    std::string ca_file, chain_file, key_file;  ///< where these texts come from, as certificate's
    bool verify = true;
    bool http2 = true;  ///< offered to the endpoints
    std::string source;

    bool operator==(const transport&) const = default;
};

/// Whether an endpoint may be used, as far as control knows.
enum class readiness {
    probe,        ///< the edge finds out with a TCP connect
    ready,        ///< its HEALTHCHECK passes
    starting,     ///< its HEALTHCHECK has not passed yet, or it is created and not started
    unhealthy,    ///< its HEALTHCHECK fails
    paused,       ///< the container is paused
    stopped,      ///< the container does not run (restarting, exited)
    unconfirmed,  ///< known from the last good snapshot only: used by an edge that serves it already, by no other
};

/// One place that answers requests. Its id is the container's id and port (never the address, which the engine hands
/// out again), or the URL for endpoints from a file.
struct endpoint {
    std::string host;  ///< IPv4, IPv6 (no brackets) or a name that the edge resolves
    std::uint16_t port = 0;
    readiness ready = readiness::probe;
    bool draining = false;  ///< its container was told to stop: no new request, those in flight finish
    std::string source;

    bool operator==(const endpoint&) const = default;
};

/// A certificate chain with its key. The id is the SHA-256 of the leaf's DER. In the last good snapshot only the paths
/// are kept; over the link only the PEM texts.
struct certificate {
    std::vector<std::string> names;  ///< lower case; "*.x" matches one label
    std::string chain_pem;
    std::string key_pem;  ///< never logged, never in an answer, never in the last good snapshot
    std::string chain_file;
    std::string key_file;
    bool fallback = false;    ///< a name that a fallback covers too goes to the other one (local CA against a file's)
    bool is_default = false;  ///< Traefik's tls.stores.default.defaultCertificate: for unknown names and none, where
                              ///< the entrypoint's TLS options allow it

    bool operator==(const certificate&) const = default;
};

enum class challenge_kind { http_01, tls_alpn_01 };

/// The answer to a question by which a CA, or a preflight of ours, finds out whether a name leads here. Its id is
/// `id_of(challenge)`.
struct challenge {
    challenge_kind kind = challenge_kind::http_01;
    std::string name;               ///< DNS name or address; of tls_alpn_01: the SNI that asks for it (RFC 8738 §6)
    std::string token;              ///< http_01: the last segment of the path (RFC 8555 §8.3)
    std::string key_authorization;  ///< http_01: the body of the answer
    std::string chain_pem;          ///< tls_alpn_01: what is shown to who offers acme-tls/1 (RFC 8737)
    std::string key_pem;            ///< never logged, never in the last good snapshot

    bool operator==(const challenge&) const = default;
};

/// "http-01 TOKEN" or "tls-alpn-01 NAME".
std::string id_of(const challenge& what);

}  // namespace lintel::model
