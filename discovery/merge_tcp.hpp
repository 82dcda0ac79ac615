#pragma once
// All TCP routers that sources declare: what each app agrees on, and on which entrypoints they are. Internal to merge.

#include "discovery/entrypoint_names.hpp"
#include "discovery/generations.hpp"

#include <map>
#include <string>
#include <vector>

namespace lintel::discovery {

struct agreed_tcp_router {
    full_name name;
    model::tcp_router spec;  ///< entrypoints resolved and sorted; `service` and `tls_options` still as written
    weight weighs;
    std::int64_t since = 0;  ///< of the oldest source that declares it
    certificate_terms certificate{};

    std::string where() const { return spec.source + ": TCP router " + std::string(name.name); }
};

/// `entrypoints` outlives it.
class tcp_router_directory {
public:
    explicit tcp_router_directory(const entrypoint_names& entrypoints) : entrypoints_(entrypoints) {}

    /// `owner`'s fragment outlives what agree() returns.
    void declare(const origin& owner);

    /// One router for each name, in the order of their names. Those without an entrypoint are left out.
    std::vector<agreed_tcp_router> agree(std::vector<problem>& problems) const;

private:
    std::vector<std::string> entrypoints_for(const declared_tcp_router& router, std::vector<problem>& problems) const;

    const entrypoint_names& entrypoints_;
    std::map<full_name, candidates<declared_tcp_router>> declared_;
};

}  // namespace lintel::discovery
