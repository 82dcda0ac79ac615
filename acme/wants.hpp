#pragma once
// Which hosts are served over TLS, and which certificates they want.

#include "acme/issuer.hpp"
#include "model/certificate_terms.hpp"
#include "model/entrypoint.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace lintel::acme {

/// A router over TLS; ids of HTTP's and TCP's may be the same.
struct router_name {
    std::string id;
    bool is_tcp = false;
};

/// Hosts, each with the routers that serve it over TLS.
using host_routers = std::map<std::string, std::vector<router_name>, std::less<>>;

/// Reads them out of routers. Keeps the hosts of each rule: a rule is parsed once, not once per change.
class tls_hosts {
public:
    /// The hosts of routers on TLS entrypoints, and of TCP routers where TLS ends (whatever their entrypoints speak
    /// otherwise). "*" is none.
    host_routers of(const model::snapshot& desired, const std::vector<model::entrypoint>& entrypoints);

    const std::vector<std::string>& of_rule(const std::string& rule);

private:
    std::map<std::string, std::vector<std::string>> by_rule_;
};

/// One certificate that shall be there.
struct want {
    std::vector<std::string> names;    ///< of one order: one host, or what a router's tls.domains put together
    std::vector<std::string> issuers;  ///< names of issuers, asked in turn; "local": the local CA's will do

    bool operator==(const want& other) const = default;
};

/// A host of a rule as certificates and orders name it: addresses without brackets, in their usual form.
std::string certificate_name(const std::string& host);

/// What identifies a want, and an order for it: its names, joined by commas.
std::string key_of(const std::vector<std::string>& names);

/// What routers say.
struct router_terms {
    model::terms_by_router http, tcp;
};

struct wanted {
    std::vector<want> all;
    std::vector<problem> problems;  ///< a certresolver that lintel.yaml doesn't map
};

/// Who is asked for a certificate of `host`, where its routers name nobody.
const std::vector<std::string>& issuers_for(const std::string& host, const certificate_settings& settings);

/// One want per host, but for hosts that a router's tls.domains cover.
wanted collect_wants(const host_routers& hosts, const router_terms& terms, const certificate_settings& settings);

}  // namespace lintel::acme
