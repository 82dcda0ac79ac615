#pragma once
// What a router says about the certificates of its hosts.

#include <string>
#include <vector>

namespace lintel::model {

/// Traefik's tls.certresolver and tls.domains.
struct certificate_terms {
    std::string resolver;  ///< empty = the default
    std::vector<std::vector<std::string>> domains;  ///< each the names of one certificate, main first
    std::string source;                             ///< for people: where it stands

    bool operator==(const certificate_terms&) const = default;
};

}  // namespace lintel::model
