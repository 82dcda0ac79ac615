#include "tls/certificate_store.hpp"

#include "net/address.hpp"
#include "tls/certificate.hpp"
#include "tls/served_certificate.hpp"

#include <algorithm>
#include <tuple>

namespace lintel::tls {

namespace {

void insert(certificate_store::candidates& into, certificate_store::candidate what)
{
    auto before = [](const auto& a, const auto& b) { return std::tie(a.fallback, a.id) < std::tie(b.fallback, b.id); };
    auto place = std::ranges::upper_bound(into, what, before);
    into.insert(place, std::move(what));
}

void erase(certificate_store::candidates& from, const std::string& id)
{
    std::erase_if(from, [&](const auto& each) { return each.id == id; });
}

bool is_address(const std::string& name) { return net::address::of_ip(name, 0).has_value(); }

/// "a.b.c" → "*.b.c"; empty for what has no label above.
std::string wildcard_above(std::string_view name)
{
    auto dot = name.find('.');
    return dot == name.npos || dot == 0 ? "" : "*" + std::string(name.substr(dot));
}

}  // namespace

certificate_store::certificate_store(const certificates& all, const certificate_store& previous) : certificate_store()
{
    by_id_ = previous.by_id_;
    by_name_ = previous.by_name_;
    defaults_ = previous.defaults_;
    addresses_ = previous.addresses_;
    std::vector<std::string> gone;
    by_id_.for_each([&](const std::string& id, const known&) {
        if (!all.contains(id)) gone.push_back(id);
    });
    for (const auto& id : gone) remove(id);
    for (const auto& [id, spec] : all) put(id, spec);
}

certificate_store certificate_store::after(const certificates& upsert, std::span<const std::string> removed) const
{
    auto next = *this;
    for (const auto& id : removed) next.remove(id);
    for (const auto& [id, spec] : upsert) next.put(id, spec);
    return next;
}

void certificate_store::put(const std::string& id, const model::certificate& spec)
{
    const auto* old = by_id_.find(id);
    bool same_texts = old != nullptr && old->certificate->made_of(spec.chain_pem, spec.key_pem);
    if (same_texts && old->names == spec.names && old->fallback == spec.fallback && old->is_default == spec.is_default)
        return;
    auto served = same_texts ? old->certificate : std::make_shared<served_certificate>(spec.chain_pem, spec.key_pem);
    remove(id);
    for (const auto& name : spec.names) insert(by_name_.edit(name), {served, id, spec.fallback});
    if (std::ranges::any_of(spec.names, is_address)) insert(addresses_, {served, id, spec.fallback});
    if (spec.is_default) insert(defaults_, {served, id, spec.fallback});
    by_id_.edit(id) = {std::move(served), spec.names, spec.fallback, spec.is_default};
}

void certificate_store::remove(const std::string& id)
{
    const auto* old = by_id_.find(id);
    if (old == nullptr) return;
    for (const auto& name : old->names) {
        auto& sharing = by_name_.edit(name);
        erase(sharing, id);
        if (sharing.empty()) by_name_.erase(name);
    }
    erase(defaults_, id);
    erase(addresses_, id);
    by_id_.erase(id);
}

const certificate_store::candidates* certificate_store::find(std::string_view server_name) const
{
    const auto* exact = by_name_.find(server_name);
    if (exact != nullptr && !exact->front().fallback) return exact;
    const auto* wildcard = by_name_.find(wildcard_above(server_name));
    bool better = wildcard != nullptr && (exact == nullptr || !wildcard->front().fallback);
    return better ? wildcard : exact;
}

bool certificate_store::covers(std::string_view server_name, std::string_view host) const
{
    const auto* used = find(server_name);
    if (used == nullptr) used = by_default();
    if (used == nullptr && server_name.empty()) used = by_address();
    if (used == nullptr) return false;
    auto covers_host = [&](const std::string& name) { return tls::covers(name, host); };
    return std::ranges::any_of(
        *used, [&](const candidate& each) { return std::ranges::any_of(by_id_.find(each.id)->names, covers_host); });
}

}  // namespace lintel::tls
