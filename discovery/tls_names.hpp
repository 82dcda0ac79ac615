#pragma once
// Go's names for what a handshake agrees on, as Traefik's users write them. Pure.

#include "model/objects.hpp"

#include <optional>
#include <string_view>

namespace lintel::discovery {

struct written_version {
    model::tls_version version;
    bool raised;  ///< 1.0 and 1.1 were written, which nobody should speak any more (RFC 8996)
};

/// "VersionTLS12"; none for other texts.
std::optional<written_version> tls_version_of(std::string_view name);

/// OpenSSL's name of a group ("CurveP256" → "P-256"); empty for other texts.
std::string_view group_of(std::string_view curve);

enum class suite_use {
    unknown,
    offered,  ///< of TLS 1.2, with forward secrecy
    always,   ///< of TLS 1.3, whose suites are not chosen
    never,    ///< broken, or without forward secrecy
};

/// `name`: IANA's, or Go's short ones for ChaCha20.
suite_use suite_use_of(std::string_view name);

/// IANA's name of an offered suite.
std::string_view suite_name_of(std::string_view name);

}  // namespace lintel::discovery
