#include "tls/certificate_store.hpp"

#include "tls/served_certificate.hpp"

namespace lintel::tls {

certificate_store::certificate_store(const model::objects<model::certificate>& certificates,
                                     const certificate_store& previous)
{
    for (const auto& [id, spec] : certificates) {
        auto known = previous.by_id_.find(id);
        auto served = known != previous.by_id_.end()
                          ? known->second
                          : std::make_shared<served_certificate>(spec.chain_pem, spec.key_pem);
        by_id_.emplace(id, served);
        for (const auto& name : spec.names) {
            auto [place, added] = by_name_.try_emplace(name, entry{served, spec.fallback});
            if (!added && place->second.fallback && !spec.fallback) place->second = {served, false};
        }
    }
}

const certificate_store::entry* certificate_store::best(std::string_view name) const
{
    auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &found->second;
}

served_certificate* certificate_store::find(std::string_view server_name) const
{
    const auto* exact = best(server_name);
    const entry* wildcard = nullptr;
    if (auto dot = server_name.find('.'); dot != std::string_view::npos && dot > 0) {
        wildcard = best("*" + std::string(server_name.substr(dot)));
    }
    if (exact != nullptr && exact->fallback && wildcard != nullptr && !wildcard->fallback)
        return wildcard->certificate.get();
    if (exact != nullptr) return exact->certificate.get();
    return wildcard != nullptr ? wildcard->certificate.get() : nullptr;
}

}  // namespace lintel::tls
