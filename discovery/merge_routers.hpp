#pragma once
// All routers that sources declare: what each app agrees on, and on which entrypoints it is served. Internal to merge.

#include "discovery/entrypoint_names.hpp"
#include "discovery/generations.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace lintel::discovery {

struct rule_reading {
    std::string rule;  ///< in the canonical spelling
    std::vector<std::string> claims;
    std::vector<std::string> names;  ///< its hosts; "*" where it has none
};

/// Belongs to the directory that it comes from.
struct agreed_router {
    full_name name;
    model::router spec;  ///< entrypoints resolved and sorted; `service` and `tls_options` still as written
    const rule_reading* rule;
    weight weighs;
    std::int64_t since = 0;  ///< of the oldest source that declares it
    certificate_terms certificate{};

    std::string where() const { return spec.source + ": router " + std::string(name.name); }
};

/// `entrypoints` outlives it.
class router_directory {
public:
    explicit router_directory(const entrypoint_names& entrypoints) : entrypoints_(entrypoints) {}

    /// `owner`'s fragment outlives what agree() returns.
    void declare(const origin& owner, std::vector<problem>& problems);

    /// One router for each name, in the order of their names. Those without an entrypoint are left out.
    std::vector<agreed_router> agree(std::vector<problem>& problems);

private:
    checked<const rule_reading*> read(const std::string& rule);
    std::string content_of(const declared_router& router) const;
    void fill_in_contents(candidates<declared_router>& all) const;
    std::vector<std::string> entrypoints_for(const declared_router& router, std::vector<problem>& problems) const;
    std::vector<const model::entrypoint*> named_by(const declared_router& router, std::vector<problem>& problems) const;

    const entrypoint_names& entrypoints_;
    std::map<full_name, candidates<declared_router>> declared_;
    std::unordered_map<std::string, rule_reading> rules_;  ///< by their text: many routers share one
};

}  // namespace lintel::discovery
