#include "proxy/routing/route_table.hpp"

namespace lintel::proxy {

namespace {

/// The better of `best` and the first route of `list` that matches.
void improve(const route_ptr*& best, const route_list* list, std::size_t entrypoint, const http::request_head& request)
{
    if (list == nullptr) return;
    for (const auto& candidate : *list) {
        if (best != nullptr && !goes_before(*candidate, **best)) return;
        if (!candidate->entrypoints[entrypoint]) continue;
        // A route that takes paths as they are holds its place against other spellings, too: they are refused there,
        // they don't fall to the next route.
        bool fits = matches(candidate->rule, request.host, request.path) ||
                    (candidate->path_as_is[entrypoint] && matches(candidate->rule, request.host, request.raw_path));
        if (!fits) continue;
        best = &candidate;
        return;
    }
}

}  // namespace

bool goes_before(const route& a, const route& b)
{
    return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
}

const route_ptr* route_table::match(std::size_t entrypoint, const http::request_head& request) const
{
    const route_ptr* best = nullptr;
    std::string_view host = request.host;
    improve(best, routes_of(host), entrypoint, request);
    if (auto dot = host.find('.'); dot != host.npos && dot > 0) {
        improve(best, routes_of("*" + std::string(host.substr(dot))), entrypoint, request);
    }
    improve(best, anywhere_.get(), entrypoint, request);
    return best;
}

std::shared_ptr<const route_table> route_table::with(const std::map<std::string, route_list_ptr>& changed) const
{
    auto next = std::make_shared<route_table>(*this);
    next->loaded_ = true;
    std::map<std::size_t, std::shared_ptr<shard>> copies;
    for (const auto& [host, routes] : changed) {
        if (host.empty()) {
            next->anywhere_ = routes;
            continue;
        }
        auto& copy = copies[shard_of(host)];
        const auto& old = shards_[shard_of(host)];
        if (!copy) copy = old ? std::make_shared<shard>(*old) : std::make_shared<shard>();
        if (routes) {
            copy->insert_or_assign(host, routes);
        } else {
            copy->erase(host);
        }
    }
    for (auto& [index, copy] : copies) next->shards_[index] = std::move(copy);
    return next;
}

const route_list* route_table::routes_of(std::string_view host) const
{
    const auto& all = shards_[shard_of(host)];
    if (!all) return nullptr;
    auto found = all->find(host);
    return found == all->end() ? nullptr : found->second.get();
}

}  // namespace lintel::proxy
