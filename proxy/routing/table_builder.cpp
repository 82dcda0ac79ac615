#include "proxy/routing/table_builder.hpp"

#include "model/handshake_policies.hpp"

#include <algorithm>
#include <tuple>

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
    : entrypoints_(std::move(entrypoints)), workers_(workers), transports_(workers)
{
}

table_builder::change table_builder::apply(const model::delta& step)
{
    auto effective = step.reset ? model::difference(state_, step.upsert) : step;
    change result;
    result.tls_options = concerns_tls_options(effective);
    unhook(effective);
    model::apply(state_, effective);

    names services, routers;
    take_endpoints(effective, result, services);
    take_transports(effective, result, services);
    take_services(effective, services, result, routers);
    take_routers(effective, std::move(routers), result);
    take_tcp_routers(effective, result);
    result.challenges = !effective.upsert.challenges.empty() || !effective.remove.challenges.empty();
    if (result.challenges) table_ = table_->with(http_challenges(state_.challenges));
    result.certificates = !effective.upsert.certificates.empty() || !effective.remove.certificates.empty();
    result.table = table_;
    return result;
}

/// Finding out which host has which options reads every rule: only where a router that names some comes or goes, or one
/// whose host must not fall to a wildcard that has some.
bool table_builder::concerns_tls_options(const model::delta& step) const
{
    auto names_some = [this](const model::router& router) {
        if (!router.tls_options.empty()) return true;
        if (routers_of_wildcard_.empty() && state_.tcp_routers.empty()) return false;
        auto rule = model::parse_rule(router.rule);
        return rule && is_under_other_options(*rule);
    };
    auto named_some = [&](const std::string& id) {
        auto old = state_.routers.find(id);
        return old != state_.routers.end() && names_some(old->second);
    };
    const auto& [upsert, remove] = std::tie(step.upsert, step.remove);
    return !upsert.tls_option_sets.empty() || !remove.tls_option_sets.empty() || !upsert.tcp_routers.empty() ||
           !remove.tcp_routers.empty() || std::ranges::any_of(remove.routers, named_some) ||
           std::ranges::any_of(upsert.routers,
                               [&](const auto& each) { return names_some(each.second) || named_some(each.first); });
}

bool table_builder::is_under_other_options(const model::rule& rule) const
{
    return std::ranges::any_of(model::hosts_of(rule), [this](const std::string& host) {
        auto wildcard = model::wildcard_over(host);
        if (wildcard.empty()) return false;
        auto has_it = [&](const auto& each) {
            const auto& [names, options] = std::tie(each.second.names, each.second.tls_options);
            return !options.empty() && std::ranges::find(names, wildcard) != names.end();
        };
        return routers_of_wildcard_.contains(wildcard) || std::ranges::any_of(state_.tcp_routers, has_it);
    });
}

/// Forgets who used whom, as far as the step changes it; `state_` still has the old specs.
void table_builder::unhook(const model::delta& step)
{
    auto unhook_service = [&](const std::string& id) {
        auto old = state_.services.find(id);
        if (old == state_.services.end()) return;
        for (const auto& used : old->second.endpoints) forget(services_of_endpoint_, used, id);
        forget(services_of_transport_, old->second.transport, id);
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

void table_builder::take_transports(const model::delta& step, change& result, names& services)
{
    auto touch_services = [&](const std::string& id) {
        if (auto used = services_of_transport_.find(id); used != services_of_transport_.end()) {
            services.insert(used->second.begin(), used->second.end());
        }
    };
    for (const auto& [id, spec] : step.upsert.transports) {
        if (auto wrong = transports_.take(id, spec)) result.rejected.push_back({"transport", id, wrong->what});
        touch_services(id);
    }
    for (const auto& id : step.remove.transports) {
        transports_.forget(id);
        touch_services(id);
    }
}

void table_builder::take_services(const model::delta& step, const names& touched, change& result, names& routers)
{
    auto rebuild = touched;
    for (const auto& [id, spec] : step.upsert.services) {
        rebuild.insert(id);
        for (const auto& endpoint : spec.endpoints) services_of_endpoint_[endpoint].insert(id);
        if (!spec.transport.empty()) services_of_transport_[spec.transport].insert(id);
    }
    for (const auto& id : step.remove.services) {
        services_.erase(id);
        rotations_.erase(id);
        rebuild.insert(id);
    }
    for (const auto& id : rebuild) {
        if (auto spec = state_.services.find(id); spec != state_.services.end())
            services_[id] = build_service(id, spec->second, result);
        if (auto used = routers_of_service_.find(id); used != routers_of_service_.end()) {
            routers.insert(used->second.begin(), used->second.end());
        }
    }
}

service_ptr table_builder::build_service(const std::string& id, const model::service& spec, change& result)
{
    auto& turns = rotations_[id];
    if (!turns) turns = std::make_shared<rotation>(workers_);
    auto made = std::make_shared<service>();
    made->id = id;
    made->pass_host = spec.pass_host;
    made->turns = turns;
    made->scheme = spec.scheme;
    if (spec.proxy_protocol != 0)
        made->proxy_header = spec.proxy_protocol == 1 ? net::proxy_version::v1 : net::proxy_version::v2;
    if (auto security = security_of(spec)) {
        made->security = std::move(*security);
    } else {
        made->refusal = security.error();
        result.rejected.push_back({"service", id, made->refusal});
    }
    for (const auto& each : spec.endpoints) {
        auto known = endpoints_.find(each);
        if (known == endpoints_.end()) continue;
        made->endpoints.push_back(known->second);
        known->second->check_for(id, {spec.check, made->scheme, made->security});
        if (spec.check.grpc) result.touched.push_back(known->second);
    }
    return made;
}

/// Null: clear text. What a service names has to be there even where it has no use for it: somebody meant it to count.
std::expected<security_ptr, std::string> table_builder::security_of(const model::service& spec)
{
    bool encrypted = spec.scheme == model::scheme::https;
    if (!encrypted && spec.transport.empty()) return nullptr;
    auto security = transports_.find(spec.transport);
    return encrypted || !security ? security : nullptr;
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
    if (table_->asks() != (asking_ > 0)) table_ = table_->asking(asking_ > 0);
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
    made->pending.insert(spec.pending.begin(), spec.pending.end());
    made->canonical_host = spec.canonical_host;
    made->refusal = spec.refusal;
    made->tls_options = spec.tls_options.empty() ? std::string(model::default_tls_options) : spec.tls_options;
    made->strict_transport_security = spec.strict_transport_security;
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
        if (made->service && made->refusal.empty()) made->refusal = made->service->refusal;
    }
    if (!made->service && !made->redirect_to_https && made->canonical_host.empty() && made->refusal.empty()) {
        made->refusal = "the service " + spec.service + " does not exist";
        result.rejected.push_back({"router", id, made->refusal});
    }
    made->rule = std::move(*rule);
    made->asks = !spec.ask.empty() && !host_constraint(made->rule);
    asking_ += made->asks ? 1 : 0;
    for (auto key : keys_of(made->rule)) lists[key].fresh.push_back(made);
    if (!spec.tls_options.empty()) {
        for (const auto& host : model::hosts_of(made->rule)) {
            if (host.starts_with("*.")) routers_of_wildcard_[host].insert(id);
        }
    }
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
    if (made->service && made->refusal.empty()) made->refusal = made->service->refusal;
    for (std::size_t i = 0; i < entrypoints_.size(); ++i) {
        made->entrypoints[i] = std::ranges::find(spec.entrypoints, entrypoints_[i].name) != spec.entrypoints.end();
    }
    auto reject = [&](std::string why) {
        made->refusal = std::move(why);
        result.rejected.push_back({"tcp_router", id, made->refusal});
    };
    if (made->refusal.empty() && !made->service) reject("the service " + spec.service + " does not exist");
    if (made->refusal.empty() && state_.services.at(spec.service).scheme == model::scheme::https)
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
    asking_ -= known->second->asks ? 1 : 0;
    if (known->second->tls_options != model::default_tls_options) {
        for (const auto& host : model::hosts_of(known->second->rule)) forget(routers_of_wildcard_, host, id);
    }
    routes_.erase(known);
}

}  // namespace lintel::proxy
