#include "proxy/routing/table_builder.hpp"

namespace lintel::proxy {

namespace {

void forget(std::map<std::string, std::set<std::string>>& users, const std::string& used, const std::string& user)
{
    auto found = users.find(used);
    if (found == users.end()) return;
    found->second.erase(user);
    if (found->second.empty()) users.erase(found);
}

/// The lists that a route with this rule is in.
std::set<list_key> keys_of(const model::rule& rule)
{
    std::set<list_key> keys;
    for (const auto& host : host_constraint(rule).value_or(std::set<std::string>{""})) keys.insert(key_of(host));
    return keys;
}

}  // namespace

table_builder::table_builder(std::vector<named_entrypoint> entrypoints, std::size_t workers)
    : entrypoints_(std::move(entrypoints)), workers_(workers)
{
}

table_builder::change table_builder::apply(const model::delta& step)
{
    auto effective = step.reset ? model::difference(state_, step.upsert) : step;
    unhook(effective);
    model::apply(state_, effective);

    change result;
    names services, routers;
    take_endpoints(effective, result, services);
    take_services(effective, services, routers);
    take_routers(effective, std::move(routers), result);
    take_tcp_routers(effective, result);
    result.certificates = !effective.upsert.certificates.empty() || !effective.remove.certificates.empty();
    result.table = table_;
    return result;
}

/// Forgets who used whom, as far as the step changes it; `state_` still has the old specs.
void table_builder::unhook(const model::delta& step)
{
    auto unhook_service = [&](const std::string& id) {
        auto old = state_.services.find(id);
        if (old == state_.services.end()) return;
        for (const auto& used : old->second.endpoints) forget(services_of_endpoint_, used, id);
    };
    auto unhook_router = [&](const std::string& id) {
        auto old = state_.routers.find(id);
        if (old != state_.routers.end()) forget(routers_of_service_, old->second.service, id);
    };
    for (const auto& [id, spec] : step.upsert.services) unhook_service(id);
    for (const auto& id : step.remove.services) unhook_service(id);
    for (const auto& [id, spec] : step.upsert.routers) unhook_router(id);
    for (const auto& id : step.remove.routers) unhook_router(id);
}

void table_builder::take_endpoints(const model::delta& step, change& result, names& services)
{
    auto touch_services = [&](const std::string& id) {
        if (auto used = services_of_endpoint_.find(id); used != services_of_endpoint_.end()) {
            services.insert(used->second.begin(), used->second.end());
        }
    };
    auto retire = [&](std::map<std::string, endpoint_ptr>::iterator known) {
        known->second->retire();
        result.retired.push_back(std::move(known->second));
        endpoints_.erase(known);
    };
    for (const auto& [id, spec] : step.upsert.endpoints) {
        auto known = endpoints_.find(id);
        if (known != endpoints_.end() && known->second->same_place(spec)) {
            known->second->follow(spec);
            result.touched.push_back(known->second);
            continue;
        }
        if (known != endpoints_.end()) retire(known);
        auto fresh = std::make_shared<endpoint>(id, spec, workers_);
        endpoints_.emplace(id, fresh);
        result.touched.push_back(fresh);
        touch_services(id);
    }
    for (const auto& id : step.remove.endpoints) {
        if (auto known = endpoints_.find(id); known != endpoints_.end()) retire(known);
        touch_services(id);
    }
}

void table_builder::take_services(const model::delta& step, const names& touched, names& routers)
{
    auto rebuild = touched;
    for (const auto& [id, spec] : step.upsert.services) {
        rebuild.insert(id);
        for (const auto& endpoint : spec.endpoints) services_of_endpoint_[endpoint].insert(id);
    }
    for (const auto& id : step.remove.services) {
        services_.erase(id);
        rotations_.erase(id);
        rebuild.insert(id);
    }
    for (const auto& id : rebuild) {
        if (auto spec = state_.services.find(id); spec != state_.services.end())
            services_[id] = build_service(id, spec->second);
        if (auto used = routers_of_service_.find(id); used != routers_of_service_.end()) {
            routers.insert(used->second.begin(), used->second.end());
        }
    }
}

service_ptr table_builder::build_service(const std::string& id, const model::service& spec)
{
    auto& turns = rotations_[id];
    if (!turns) turns = std::make_shared<rotation>(workers_);
    auto made = std::make_shared<service>();
    made->id = id;
    made->pass_host = spec.pass_host;
    made->turns = turns;
    if (spec.proxy_protocol != 0)
        made->proxy_header = spec.proxy_protocol == 1 ? net::proxy_version::v1 : net::proxy_version::v2;
    for (const auto& each : spec.endpoints) {
        if (auto known = endpoints_.find(each); known != endpoints_.end()) made->endpoints.push_back(known->second);
    }
    return made;
}

void table_builder::take_routers(const model::delta& step, names touched, change& result)
{
    list_changes lists;
    for (const auto& id : step.remove.routers) forget_route(id, lists);
    for (const auto& [id, spec] : step.upsert.routers) touched.insert(id);
    for (const auto& id : touched) {
        auto spec = state_.routers.find(id);
        if (spec == state_.routers.end()) continue;
        forget_route(id, lists);
        compile(id, spec->second, lists, result);
    }
    if (!lists.empty() || !table_->loaded()) table_ = table_->with(std::move(lists));
}

void table_builder::compile(const std::string& id, const model::router& spec, list_changes& lists, change& result)
{
    auto rule = model::parse_rule(spec.rule);
    if (!rule) {
        result.rejected.push_back({"router", id, rule.error().where + ": " + rule.error().what});
        return;
    }
    auto made = std::make_shared<route>();
    made->id = id;
    made->priority = spec.priority != 0 ? spec.priority : static_cast<std::int64_t>(spec.rule.size());
    made->redirect_to_https = spec.redirect_to_https;
    made->refusal = spec.refusal;
    for (const auto& [key, text] : spec.options) {
        auto wrong = model::wrong_with(model::option_place::route, key, text);
        if (!wrong.empty()) result.rejected.push_back({"router", id, wrong});
    }
    for (std::size_t i = 0; i < entrypoints_.size(); ++i) {
        const auto& here = entrypoints_[i];
        made->entrypoints[i] = std::ranges::find(spec.entrypoints, here.name) != spec.entrypoints.end();
        auto options = model::overridden(here.options, spec.options);
        made->path_as_is[i] = options.path_as_is;
        if (!spec.options.empty()) made->options.push_back(options);
    }
    if (!spec.service.empty()) {
        routers_of_service_[spec.service].insert(id);
        auto known = services_.find(spec.service);
        if (known != services_.end()) made->service = known->second;
    }
    if (!made->service && !made->redirect_to_https && made->refusal.empty()) {
        made->refusal = "the service " + spec.service + " does not exist";
        result.rejected.push_back({"router", id, made->refusal});
    }
    made->rule = std::move(*rule);
    for (auto key : keys_of(made->rule)) lists[key].fresh.push_back(made);
    routes_[id] = std::move(made);
}

/// They are few: all of them are compiled where one has changed, or a service that one uses.
void table_builder::take_tcp_routers(const model::delta& step, change& result)
{
    bool stale = !step.upsert.tcp_routers.empty() || !step.remove.tcp_routers.empty() ||
                 std::ranges::any_of(table_->tcp().routes(), [this](const tcp_route_ptr& each) {
                     return each->service != service_of(state_.tcp_routers.at(each->id));
                 });
    if (!stale) return;
    std::vector<tcp_route_ptr> routes;
    for (const auto& [id, spec] : state_.tcp_routers) routes.push_back(compile(id, spec, result));
    table_ = table_->with(std::make_shared<tcp_table>(std::move(routes)));
}

tcp_route_ptr table_builder::compile(const std::string& id, const model::tcp_router& spec, change& result) const
{
    auto made = std::make_shared<tcp_route>();
    made->id = id;
    made->names = spec.names;
    made->priority = spec.priority;
    made->security = spec.security;
    made->tls_options = spec.tls_options.empty() ? std::string(model::default_tls_options) : spec.tls_options;
    made->refusal = spec.refusal;
    made->service = service_of(spec);
    for (std::size_t i = 0; i < entrypoints_.size(); ++i) {
        made->entrypoints[i] = std::ranges::find(spec.entrypoints, entrypoints_[i].name) != spec.entrypoints.end();
    }
    auto reject = [&](std::string why) {
        made->refusal = std::move(why);
        result.rejected.push_back({"tcp_router", id, made->refusal});
    };
    if (made->refusal.empty() && !made->service) reject("the service " + spec.service + " does not exist");
    if (made->refusal.empty() && state_.services.at(spec.service).tls)
        reject("the service " + spec.service + " speaks TLS with its endpoints, which TCP routers can't");
    return made;
}

/// Null: there is none.
service_ptr table_builder::service_of(const model::tcp_router& spec) const
{
    auto known = services_.find(spec.service);
    return known == services_.end() ? nullptr : known->second;
}

void table_builder::forget_route(const std::string& id, list_changes& lists)
{
    auto known = routes_.find(id);
    if (known == routes_.end()) return;
    for (auto key : keys_of(known->second->rule)) lists[key].gone.push_back(known->second);
    routes_.erase(known);
}

}  // namespace lintel::proxy
