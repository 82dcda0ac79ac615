#include "model/snapshot.hpp"

namespace lintel::model {

namespace {

template <class Object>
void compare(const objects<Object>& before, const objects<Object>& after, objects<Object>& upsert,
             std::vector<std::string>& remove)
{
    for (const auto& [id, spec] : after) {
        auto old = before.find(id);
        if (old == before.end() || old->second != spec) upsert.emplace(id, spec);
    }
    for (const auto& [id, spec] : before) {
        if (!after.contains(id)) remove.push_back(id);
    }
}

template <class Object>
void merge(objects<Object>& target, const objects<Object>& upsert, const std::vector<std::string>& remove)
{
    for (const auto& id : remove) target.erase(id);
    for (const auto& [id, spec] : upsert) target.insert_or_assign(id, spec);
}

}  // namespace

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
