#include "acme/holdings.hpp"

#include "acme/renewal.hpp"
#include "acme/shelf.hpp"
#include "model/handshake_policies.hpp"
#include "tls/certificate.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

bool names_all(const store::certificate_record& what, const std::vector<std::string>& names)
{
    return std::ranges::all_of(names, [&](const auto& name) {
        return std::ranges::any_of(what.names,
                                   [&](const auto& each) { return each == name || tls::covers(each, name); });
    });
}

}  // namespace

holdings::holdings(const store::table<store::certificate_record>& all) : all_(all)
{
    for (const auto& [id, record] : all_) {
        if (record.issuer != local_issuer_name) add(record);
    }
}

void holdings::add(const store::certificate_record& what)
{
    for (const auto& name : what.names) by_name_[name].insert(what.id);
}

void holdings::remove(const store::certificate_record& what)
{
    for (const auto& name : what.names) {
        auto known = by_name_.find(name);
        if (known == by_name_.end()) continue;
        known->second.erase(what.id);
        if (known->second.empty()) by_name_.erase(known);
    }
}

const store::certificate_record* holdings::best_for(const std::vector<std::string>& names) const
{
    const store::certificate_record* best = nullptr;
    for (const auto& name : {names.front(), model::wildcard_over(names.front())}) {
        auto known = by_name_.find(name);
        if (known == by_name_.end()) continue;
        for (const auto& id : known->second) {
            const auto& each = all_.at(id);
            bool better = names_all(each, names) && (best == nullptr || renewal_time(each) > renewal_time(*best));
            if (better) best = &each;
        }
    }
    return best;
}

}  // namespace lintel::acme
