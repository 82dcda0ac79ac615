#pragma once
// Certificates of the local CA for hosts that have no other.

#include "base/clock.hpp"
#include "model/entrypoint.hpp"
#include "model/snapshot.hpp"
#include "tls/local_ca.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lintel::acme {

/// Keeps one certificate per name (clients refuse *.localhost) in `issued/` of the state folder, key and chain in one
/// file (0600). Made when first wanted, renewed 30 days before their end. Belongs to control's worker.
class local_issuer {
public:
    static checked<local_issuer> open(const std::filesystem::path& state);

    /// Adds a certificate for every host of a router on a TLS entrypoint, and of a TCP router where TLS ends (whatever
    /// its entrypoints speak otherwise), that no certificate in `desired` covers, and keeps those of hosts that lost
    /// their routes within the last day, so that they are told so instead of failing in the handshake.
    void provide(model::snapshot& desired, const std::vector<model::entrypoint>& entrypoints,
                 wall_clock::time_point now);

private:
    struct issued {
        std::string id;
        model::certificate spec;
        wall_clock::time_point not_after, last_wanted;
    };

    local_issuer(tls::local_ca ca, std::filesystem::path folder) : ca_(std::move(ca)), folder_(std::move(folder)) {}

    void load(wall_clock::time_point now);
    void want(const std::string& host, wall_clock::time_point now);
    issued make(const std::string& host);
    const std::vector<std::string>& hosts_of(const std::string& rule);

    tls::local_ca ca_;
    std::filesystem::path folder_;
    std::map<std::string, issued> by_host_;
    std::map<std::string, std::vector<std::string>> hosts_by_rule_;  ///< parsed once per rule, not once per change
};

}  // namespace lintel::acme
