#include "acme/shelf.hpp"

#include "model/handshake_policies.hpp"

namespace lintel::acme {

void shelf::count(const names& those, int by)
{
    for (const auto& name : those) {
        auto known = covering_.try_emplace(name, 0).first;
        known->second += static_cast<std::size_t>(by);
        if (known->second == 0) covering_.erase(known);
    }
}

void shelf::show(const std::string& id, model::certificate spec)
{
    std::erase(fresh_.remove, id);
    fresh_.upsert.insert_or_assign(id, std::move(spec));
}

/// Where a file holds one that was issued here, too, it is the file's until both are gone.
void shelf::put_files(model::objects<model::certificate> all)
{
    for (const auto& [id, spec] : files_) {
        count(spec.names, -1);
        if (!all.contains(id) && !issued_.contains(id)) remove(id);
    }
    for (const auto& [id, spec] : all) {
        count(spec.names, +1);
        auto known = files_.find(id);
        if (known == files_.end() || known->second != spec) show(id, spec);
    }
    files_ = std::move(all);
}

void shelf::put(const store::certificate_record& issued)
{
    auto spec = served_form(issued);
    auto [known, added] = issued_.try_emplace(issued.id);
    if (added && !spec.fallback) count(known->second = spec.names, +1);
    if (!files_.contains(issued.id)) show(issued.id, std::move(spec));
}

void shelf::remove(const std::string& id)
{
    if (auto known = issued_.find(id); known != issued_.end()) {
        count(known->second, -1);
        issued_.erase(known);
    }
    fresh_.upsert.erase(id);
    fresh_.remove.push_back(id);
}

bool shelf::covers(std::string_view host) const
{
    return covering_.contains(host) || covering_.contains(model::wildcard_over(host));
}

model::certificate served_form(const store::certificate_record& issued)
{
    model::certificate spec{.names = issued.names,
                            .chain_pem = issued.chain_pem,
                            .key_pem = issued.key_pem,
                            .chain_file = {},
                            .key_file = {},
                            .fallback = issued.issuer == local_issuer_name};
    for (auto& name : spec.names) name = served_name(name);
    return spec;
}

std::string served_name(const std::string& name) { return name.contains(':') ? '[' + name + ']' : name; }

}  // namespace lintel::acme
