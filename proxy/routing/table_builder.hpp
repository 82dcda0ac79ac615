#pragma once
// Deltas → route tables. Does work for what a delta touches, not for what there is.

#include "link/messages.hpp"
#include "model/snapshot.hpp"
#include "proxy/routing/route_table.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace lintel::proxy {

struct named_entrypoint {
    std::string name;
    model::http_options options;
};

/// The registries of what outlives snapshots, and the compiled form of all that does not. Belongs to the link thread.
class table_builder {
public:
    /// `entrypoints` in the order of their indexes; `workers`: how many shares each endpoint has.
    table_builder(std::vector<named_entrypoint> entrypoints, std::size_t workers);

    struct change {
        std::shared_ptr<const route_table> table;
        std::vector<link::rejection> rejected;
        std::vector<endpoint_ptr> touched;  ///< endpoints that are new or heard something new
        std::vector<endpoint_ptr> retired;  ///< endpoints that left the snapshot
        bool certificates = false;          ///< they changed
        bool tls_options = false;           ///< which hosts have which may have changed
        bool challenges = false;            ///< they changed
    };

    /// A reset is taken as the difference to what is there: a control that came back disturbs nothing.
    change apply(const model::delta& step);

    const model::snapshot& state() const { return state_; }
    const std::map<std::string, endpoint_ptr>& endpoints() const { return endpoints_; }

private:
    using names = std::set<std::string>;
    using users = std::map<std::string, names>;  ///< used id → ids of its users
    using list_changes = std::map<list_key, list_change>;

    bool concerns_tls_options(const model::delta& step) const;
    bool is_under_other_options(const model::rule& rule) const;
    void unhook(const model::delta& step);
    void take_endpoints(const model::delta& step, change& result, names& services);
    void take_transports(const model::delta& step, change& result, names& services);
    void take_services(const model::delta& step, const names& touched, change& result, names& routers);
    void take_routers(const model::delta& step, names touched, change& result);
    void compile(const std::string& id, const model::router& spec, list_changes& lists, change& result);
    void take_tcp_routers(const model::delta& step, change& result);
    tcp_route_ptr compile(const std::string& id, const model::tcp_router& spec, change& result) const;
    service_ptr service_of(const model::tcp_router& spec) const;
    void forget_route(const std::string& id, list_changes& lists);
    service_ptr build_service(const std::string& id, const model::service& spec, change& result);
    std::expected<security_ptr, std::string> security_of(const model::service& spec);

    std::vector<named_entrypoint> entrypoints_;
    std::size_t workers_;
    model::snapshot state_;
    std::map<std::string, endpoint_ptr> endpoints_;
    security_registry transports_;
    std::map<std::string, std::shared_ptr<rotation>> rotations_;
    std::map<std::string, service_ptr> services_;
    std::map<std::string, route_ptr> routes_;
    users services_of_endpoint_, services_of_transport_, routers_of_service_;
    std::size_t asking_ = 0;     ///< routes that ask
    users routers_of_wildcard_;  ///< "*.x" → those with TLS options
    std::shared_ptr<const route_table> table_ = std::make_shared<route_table>();
};

}  // namespace lintel::proxy
