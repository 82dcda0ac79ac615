#pragma once
// What a router says about the certificates of its hosts: who issues them, and which names share one.

#include <map>
#include <string>
#include <vector>

namespace lintel::model {

/// Traefik's `tls.certresolver` and `tls.domains`. Both empty: the default issuer, one certificate for each host.
struct certificate_terms {
    std::string resolver;                           ///< as written; lintel.yaml says whom it means
    std::vector<std::vector<std::string>> domains;  ///< each one certificate: main first, then its other names
    std::string source;                             ///< for people

    bool operator==(const certificate_terms&) const = default;

    bool empty() const { return resolver.empty() && domains.empty(); }
};

/// Router id → what it says about its certificates, of those that say anything.
using terms_by_router = std::map<std::string, certificate_terms>;

}  // namespace lintel::model
