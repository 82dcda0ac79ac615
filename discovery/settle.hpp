#pragma once
// Who keeps what several routers want. Internal to merge.

#include "discovery/merge_routers.hpp"
#include "discovery/merge_tcp.hpp"
#include "model/snapshot.hpp"

#include <vector>

namespace lintel::discovery {

/// A router of either kind in the order in which it came: what is served already, then what is older.
struct contender {
    bool is_new;
    std::int64_t since;
    agreed_router* http;  ///< one of the two is null
    agreed_tcp_router* tcp;

    const full_name& name() const { return http ? http->name : tcp->name; }
    std::vector<std::string>& entrypoints() const { return http ? http->spec.entrypoints : tcp->spec.entrypoints; }
    const std::vector<std::string>& names() const { return http ? http->rule->names : tcp->spec.names; }
    bool is_clear_tcp() const { return tcp && tcp->spec.security == model::tcp_security::clear; }
    std::string where() const { return http ? http->where() : tcp->where(); }
    std::string shown() const;  ///< "router web of container web (3f2a9c81d0e4)"
};
std::vector<contender> by_age(std::vector<agreed_router>& routers, std::vector<agreed_tcp_router>& tcp_routers,
                              const model::snapshot& before);

/// Two routers of one app for exactly the same requests, or connections: the closed one counts, then the heavier one;
/// the other loses the entrypoint.
void settle_inside_apps(std::vector<agreed_router>& routers, std::vector<problem>& problems);
void settle_inside_apps(std::vector<agreed_tcp_router>& routers, std::vector<problem>& problems);

/// One tenant can't take another's host: what two apps ask for stays with the one that has it, else with the older. An
/// entrypoint in clear text is HTTP's or TCP's, whichever came first.
void settle_across_apps(const std::vector<contender>& all, const entrypoint_names& entrypoints,
                        std::vector<problem>& problems);

/// The handshake sees only a name, so those that share one where TLS is spoken, on whichever entrypoints, share its
/// options: who came first keeps them, a router that wants others is closed. Looks at `tls_options`, resolved.
void settle_handshakes(const std::vector<contender>& all, const entrypoint_names& entrypoints,
                       std::vector<problem>& problems);

}  // namespace lintel::discovery
