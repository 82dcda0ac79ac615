#pragma once
// Which hosts are served over TLS, and so want a certificate.

#include "model/entrypoint.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace lintel::acme {

/// Reads them out of routers. Keeps the hosts of each rule: a rule is parsed once, not once per change.
class tls_hosts {
public:
    /// The hosts of routers on TLS entrypoints, and of TCP routers where TLS ends (whatever their entrypoints speak
    /// otherwise), each with the ids of its routers. "*" is none.
    std::map<std::string, std::vector<std::string>, std::less<>> of(const model::snapshot& desired,
                                                                    const std::vector<model::entrypoint>& entrypoints);

    const std::vector<std::string>& of_rule(const std::string& rule);

private:
    std::map<std::string, std::vector<std::string>> by_rule_;
};

}  // namespace lintel::acme
