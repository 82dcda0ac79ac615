#include "acme/shelf.hpp"

#include "model/handshake_policies.hpp"

#include <algorithm>

namespace lintel::acme {

void shelf::count(counts& into, const names& those, int by)
{
    for (const auto& name : those) {
        auto known = into.try_emplace(name, 0).first;
        known->second += static_cast<std::size_t>(by);
        if (known->second == 0) into.erase(known);
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
    auto before = std::exchange(files_, std::move(all));
    for (const auto& [id, spec] : before) {
        count(in_files_, spec.names, -1);
        if (files_.contains(id)) continue;
        withdraw(id);
        if (auto known = issued_.find(id); known != issued_.end()) known->second.shown.clear();
        review(id);
    }
    for (const auto& [id, spec] : files_) {
        count(in_files_, spec.names, +1);
        auto known = before.find(id);
        if (known == before.end() || known->second != spec) show(id, spec);
    }
}

void shelf::put(const store::certificate_record& record)
{
    auto [known, added] = issued_.try_emplace(record.id);
    auto& what = known->second;
    if (!added) rank_out(record.id, what);
    what.spec = served_form(record);
    what.until = record.not_after;
    rank_in(record.id, what);
    review(record.id);
}

void shelf::remove(const std::string& id)
{
    if (auto known = issued_.find(id); known != issued_.end()) {
        auto what = std::move(known->second);
        issued_.erase(known);
        rank_out(id, what);
    }
    if (!files_.contains(id)) withdraw(id);
}

void shelf::withdraw(const std::string& id)
{
    fresh_.upsert.erase(id);
    if (std::ranges::find(fresh_.remove, id) == fresh_.remove.end()) fresh_.remove.push_back(id);
}

/// Those that it outlasts give the names up.
void shelf::rank_in(const std::string& id, const issued& what)
{
    if (what.spec.fallback) return;
    count(in_issued_, what.spec.names, +1);
    std::set<std::string> others;
    for (const auto& name : what.spec.names) {
        auto& all = ranks_[name];
        if (!all.empty()) others.insert(all.rbegin()->second);
        all.emplace(what.until, id);
    }
    for (const auto& other : others) review(other);
}

/// Those that come next take the names over.
void shelf::rank_out(const std::string& id, const issued& what)
{
    if (what.spec.fallback) return;
    count(in_issued_, what.spec.names, -1);
    std::set<std::string> others;
    for (const auto& name : what.spec.names) {
        auto all = ranks_.find(name);
        all->second.erase({what.until, id});
        if (all->second.empty())
            ranks_.erase(all);
        else
            others.insert(all->second.rbegin()->second);
    }
    for (const auto& other : others) review(other);
}

/// Has it served under the names for which it is the best, if edges don't have it so already.
void shelf::review(const std::string& id)
{
    auto known = issued_.find(id);
    if (known == issued_.end() || files_.contains(id)) return;
    auto& [spec, until, shown] = known->second;
    auto best = spec;
    if (!spec.fallback)
        std::erase_if(best.names, [&](const auto& name) { return ranks_[name].rbegin()->second != id; });
    if (best.names == shown) return;
    shown = best.names;
    if (best.names.empty()) return withdraw(id);
    show(id, std::move(best));
}

bool shelf::has(const counts& those, std::string_view host)
{
    return those.contains(host) || those.contains(model::wildcard_over(host));
}

bool shelf::covers(std::string_view host) const { return has(in_files_, host) || has(in_issued_, host); }

bool shelf::has_file_for(std::string_view host) const { return has(in_files_, host); }

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
