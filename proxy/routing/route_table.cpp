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

route_list updated(const route_list& old, list_change change)
{
    auto before = [](const route_ptr& a, const route_ptr& b) { return goes_before(*a, *b); };
    std::ranges::sort(change.gone, before);
    std::ranges::sort(change.fresh, before);
    route_list kept;
    kept.reserve(old.size());
    std::ranges::set_difference(old, change.gone, std::back_inserter(kept), before);
    route_list next(kept.size() + change.fresh.size());
    using moving = std::move_iterator<route_list::iterator>;
    std::merge(moving(kept.begin()), moving(kept.end()), moving(change.fresh.begin()), moving(change.fresh.end()),
               next.begin(), before);
    return next;
}

}  // namespace

bool goes_before(const route& a, const route& b)
{
    return a.priority != b.priority ? a.priority > b.priority : a.id < b.id;
}

/// A wildcard goes by what follows its "*", so that a request need not write one to find it.
list_key key_of(std::string_view host)
{
    if (host.starts_with("*.")) host.remove_prefix(1);
    return std::hash<std::string_view>{}(host);
}

const route_ptr* route_table::match(std::size_t entrypoint, const http::request_head& request) const
{
    const route_ptr* best = nullptr;
    std::string_view host = request.host;
    improve(best, listed(key_of(host)), entrypoint, request);
    if (auto dot = host.find('.'); dot != host.npos) {
        improve(best, listed(key_of(host.substr(dot))), entrypoint, request);
    }
    improve(best, listed(key_of("")), entrypoint, request);
    return best;
}

std::shared_ptr<const route_table> route_table::with(std::map<list_key, list_change> changes) const
{
    auto next = std::make_shared<route_table>(*this);
    next->loaded_ = true;
    std::map<std::size_t, std::shared_ptr<shard>> copies;
    for (auto& [key, change] : changes) {
        auto& copy = copies[shard_of(key)];
        const auto& old = shards_[shard_of(key)];
        if (!copy) copy = old ? std::make_shared<shard>(*old) : std::make_shared<shard>();
        auto place = std::ranges::lower_bound(*copy, key, {}, &entry::key);
        if (place == copy->end() || place->key != key) place = copy->insert(place, {key, {}});
        place->list = updated(place->list, std::move(change));
        if (place->list.empty()) copy->erase(place);
    }
    for (auto& [index, copy] : copies) next->shards_[index] = std::move(copy);
    return next;
}

std::shared_ptr<const route_table> route_table::with(std::shared_ptr<const tcp_table> tcp) const
{
    auto next = std::make_shared<route_table>(*this);
    next->tcp_ = std::move(tcp);
    return next;
}

std::shared_ptr<const route_table> route_table::with(http_challenges challenges) const
{
    auto next = std::make_shared<route_table>(*this);
    next->challenges_.reset();
    if (!challenges.empty()) next->challenges_ = std::make_shared<http_challenges>(std::move(challenges));
    return next;
}

std::shared_ptr<const route_table> route_table::asking(bool whether) const
{
    auto next = std::make_shared<route_table>(*this);
    next->asks_ = whether;
    return next;
}

bool route_table::speaks_for(std::size_t entrypoint, std::string_view name) const
{
    const auto* list = listed(key_of(name));
    if (list == nullptr) return false;
    return std::ranges::any_of(*list, [&](const route_ptr& each) {
        if (!each->entrypoints[entrypoint]) return false;
        auto hosts = host_constraint(each->rule);
        return hosts && hosts->contains(std::string(name));
    });
}

const route_list* route_table::listed(list_key key) const
{
    const auto& all = shards_[shard_of(key)];
    if (!all) return nullptr;
    auto found = std::ranges::lower_bound(*all, key, {}, &entry::key);
    return found == all->end() || found->key != key ? nullptr : &found->list;
}

}  // namespace lintel::proxy
