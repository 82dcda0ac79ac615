#pragma once
// The nouns that control and edge share. Plain data; every object is known by its kind and id.
//
//   router ──service id──► service ──endpoint ids──► endpoint          certificate (chosen by SNI)

#include "model/http_options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace lintel::model {

/// Sends the requests that its rule matches, on the entrypoints that it names, to one service. Exactly one of
/// `service`, `redirect_to_https` and `refusal` decides what happens.
struct router {
    std::string rule;           ///< model::parse_rule reads it
    std::int64_t priority = 0;  ///< higher is asked first; 0 = the length of the rule's text, as Traefik has it
    std::vector<std::string> entrypoints;  ///< names of declared entrypoints; whether TLS is spoken is the entrypoint's
    std::string service;                   ///< id of the service that answers
    bool redirect_to_https = false;        ///< answer 308 to the same URI on the https entrypoint
    std::string refusal;     ///< answer 503 with this sentence: the router restricts access in a way we can't keep
    option_texts options{};  ///< overrides of http_options that hold for the requests of this router
    std::string source;      ///< for people: the container and label or the file that it comes from

    bool operator==(const router&) const = default;
};

/// A set of endpoints that are all as good as each other, used in turn.
struct service {
    std::vector<std::string> endpoints;
    bool pass_host = true;  ///< false: the endpoint's own authority is sent as Host
    std::string source;

    bool operator==(const service&) const = default;
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
    bool fallback = false;  ///< a name that a fallback covers too goes to the other one (local CA against a file's)

    bool operator==(const certificate&) const = default;
};

}  // namespace lintel::model
