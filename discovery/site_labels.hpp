#pragma once
// What our own labels say of a site beyond its host: HSTS, which of its hosts is the canonical one, and what its
// container speaks. Internal to discovery/labels.

#include "discovery/label_reading.hpp"

#include <map>
#include <string>
#include <vector>

namespace lintel::discovery {

/// `lintel.hsts=true|DURATION[, includeSubDomains][, preload]` as the value of Strict-Transport-Security (RFC 6797
/// §6.1); "true" is a year. Empty where it is "false", missing, or wrong (which is reported).
std::string read_hsts(label_reading& reading);

/// Which hosts are served, and which are sent elsewhere.
struct canonical_hosts {
    std::vector<std::string> served;
    std::map<std::string, std::vector<std::string>> redirected;  ///< by the host that they are sent to
};

/// `lintel.redirect=www|non-www|HOST`: of each pair example.com and www.example.com only the one is served, the other
/// is sent to it, whichever of them `hosts` names; or all are sent to HOST, which is one of them or makes a pair with
/// one. Wildcards stay as they are. A label that is wrong is reported, and all hosts are served.
canonical_hosts read_redirect(label_reading& reading, std::vector<std::string> hosts);

/// `lintel.scheme=http|https|h2c`: what is spoken with the container. Returns why its site is closed: a scheme that
/// nobody knows, which is reported.
std::string read_scheme(label_reading& reading, model::scheme& into);

}  // namespace lintel::discovery
