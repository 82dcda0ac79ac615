#include "proxy/routing/tcp_table.hpp"

#include <algorithm>

namespace lintel::proxy {

namespace {

bool goes_before(const tcp_route_ptr& a, const tcp_route_ptr& b)
{
    return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
}

}  // namespace

tcp_table::tcp_table(std::vector<tcp_route_ptr> routes) : routes_(std::move(routes))
{
    std::ranges::sort(routes_, goes_before);
    for (const auto& each : routes_) {
        for (std::size_t i = 0; i < most_entrypoints; ++i) {
            if (!each->entrypoints[i]) continue;
            any_.set(i);
            auto& here = entrypoints_[i];
            if (each->security == model::tcp_security::clear) {
                if (!here.clear) here.clear = each;
                continue;
            }
            by_name_.set(i);
            for (const auto& name : each->names) here.names.try_emplace(name, each);
        }
    }
}

const tcp_route_ptr* tcp_table::clear(std::size_t entrypoint) const
{
    const auto* here = at(entrypoint);
    return here == nullptr || !here->clear ? nullptr : &here->clear;
}

const tcp_route_ptr* tcp_table::match(std::size_t entrypoint, std::string_view server_name, const is_http& http) const
{
    const auto* here = at(entrypoint);
    if (here == nullptr) return nullptr;
    auto named = [here](std::string_view name) {
        auto found = here->names.find(name);
        return found == here->names.end() ? nullptr : &found->second;
    };
    if (!server_name.empty()) {
        if (const auto* exact = named(server_name)) return exact;
        if (http(server_name)) return nullptr;
    }
    if (auto dot = server_name.find('.'); dot != server_name.npos) {
        auto wildcard = "*" + std::string(server_name.substr(dot));
        if (const auto* found = named(wildcard)) return found;
        if (http(wildcard)) return nullptr;
    }
    return named("*");
}

const tcp_table::on_entrypoint* tcp_table::at(std::size_t entrypoint) const
{
    auto found = entrypoints_.find(entrypoint);
    return found == entrypoints_.end() ? nullptr : &found->second;
}

}  // namespace lintel::proxy
