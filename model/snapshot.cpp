#include "model/snapshot.hpp"

namespace lintel::model {

namespace {

/// Goes through both once, side by side: they are in the order of ids.
template <class Object>
void compare(const objects<Object>& before, const objects<Object>& after, objects<Object>& upsert,
             std::vector<std::string>& remove)
{
    auto old = before.begin();
    for (const auto& [id, spec] : after) {
        while (old != before.end() && old->first < id) remove.push_back((old++)->first);
        bool known = old != before.end() && old->first == id;
        if (!known || old->second != spec) upsert.emplace_hint(upsert.end(), id, spec);
        if (known) ++old;
    }
    for (; old != before.end(); ++old) remove.push_back(old->first);
}

template <class Object>
void merge(objects<Object>& target, const objects<Object>& upsert, const std::vector<std::string>& remove)
{
    for (const auto& id : remove) target.erase(id);
    for (const auto& [id, spec] : upsert) target.insert_or_assign(id, spec);
}

std::size_t size_of(const std::vector<std::string>& texts)
{
    std::size_t sum = 0;
    for (const auto& each : texts) sum += each.size();
    return sum;
}

std::size_t size_of(const router& r)
{
    return r.rule.size() + size_of(r.entrypoints) + r.service.size() + r.refusal.size() + r.source.size();
}
std::size_t size_of(const service& s) { return size_of(s.endpoints) + s.source.size(); }
std::size_t size_of(const endpoint& e) { return e.host.size() + e.source.size(); }
std::size_t size_of(const certificate& c)
{
    return size_of(c.names) + c.chain_pem.size() + c.key_pem.size() + c.chain_file.size() + c.key_file.size();
}

std::string source_of(const certificate& c) { return c.chain_file; }
std::string source_of(const auto& object) { return object.source.substr(0, 200); }

template <class Object>
void remove_oversized(objects<Object>& all, const char* kind, std::vector<problem>& problems)
{
    for (auto it = all.begin(); it != all.end();) {
        bool fits = it->first.size() + size_of(it->second) <= object_limit_bytes;
        if (!fits) {
            problems.push_back({source_of(it->second), std::string("a ") + kind + " (" + it->first.substr(0, 80) +
                                                           ") is larger than 128 KiB and is left out"});
        }
        it = fits ? std::next(it) : all.erase(it);
    }
}

}  // namespace

std::vector<problem> remove_oversized(snapshot& whole)
{
    std::vector<problem> problems;
    remove_oversized(whole.routers, "router", problems);
    remove_oversized(whole.services, "service", problems);
    remove_oversized(whole.endpoints, "endpoint", problems);
    remove_oversized(whole.certificates, "certificate", problems);
    return problems;
}

delta difference(const snapshot& before, const snapshot& after)
{
    delta step;
    compare(before.routers, after.routers, step.upsert.routers, step.remove.routers);
    compare(before.services, after.services, step.upsert.services, step.remove.services);
    compare(before.endpoints, after.endpoints, step.upsert.endpoints, step.remove.endpoints);
    compare(before.certificates, after.certificates, step.upsert.certificates, step.remove.certificates);
    return step;
}

void apply(snapshot& target, const delta& step)
{
    if (step.reset) target = {};
    merge(target.routers, step.upsert.routers, step.remove.routers);
    merge(target.services, step.upsert.services, step.remove.services);
    merge(target.endpoints, step.upsert.endpoints, step.remove.endpoints);
    merge(target.certificates, step.upsert.certificates, step.remove.certificates);
}

}  // namespace lintel::model
