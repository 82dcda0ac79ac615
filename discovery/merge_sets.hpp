#pragma once
// What routers and services name and sources declare once: TLS options and transports. Internal to merge.

#include "base/text.hpp"
#include "discovery/generations.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <string>
#include <string_view>

namespace lintel::discovery {

/// `Spec`: model::tls_options or model::transport. What is declared outlives it.
template <class Spec>
class set_directory {
public:
    struct entry {
        std::string id;
        const Spec* spec;
        std::string refusal;  ///< it can't be kept to its word
    };

    /// `kind`: what problems call it.
    explicit set_directory(std::string kind) : kind_(std::move(kind)) {}

    /// The id of one called "default" is that. Two that differ close what names them: no file may loosen another's.
    void declare(const fragment& from, const std::vector<declared_set<Spec>>& sets, std::vector<problem>& problems)
    {
        for (const auto& each : sets) {
            full_name name{from.provider, from.app, each.name};
            bool standard = each.name == model::default_tls_options;
            auto id = standard ? each.name : name.id();
            auto [known, added] = all_.try_emplace(name, entry{std::move(id), &each.spec, each.refusal});
            if (added) continue;
            if (known->second.refusal.empty()) known->second.refusal = each.refusal;
            if (same(*known->second.spec, each.spec)) continue;
            known->second.refusal = "the " + kind_ + ' ' + each.name + " is declared differently by " +
                                    known->second.spec->source + " and " + from.source;
            problems.push_back({from.source + ": " + kind_ + ' ' + each.name,
                                known->second.refusal + "; routers that need it are closed"});
        }
    }

    /// What `reference` ("name" or "name@provider") means to somebody of `provider`. The problem's `what` says why it
    /// can't be had.
    checked<const entry*> find(std::string_view provider, std::string_view reference) const
    {
        auto at = reference.rfind('@');
        auto name = reference.substr(0, at);
        const entry* found = nullptr;
        for (const auto& [full, each] : all_) {
            if (full.name != name) continue;
            if (at != reference.npos && full.provider != reference.substr(at + 1)) continue;
            if (full.provider == provider) return usable(each);
            if (found) return fail(reference, "is declared by several providers; write it as name@provider");
            found = &each;
        }
        if (!found) return fail(reference, "does not exist");
        return usable(*found);
    }

    bool empty() const { return all_.empty(); }

    void publish(model::objects<Spec>& into) const
    {
        for (const auto& [name, each] : all_) {
            if (each.refusal.empty()) into.try_emplace(each.id, *each.spec);
        }
    }

private:
    static bool same(Spec a, const Spec& b)
    {
        a.source = b.source;
        return a == b;
    }

    static checked<const entry*> usable(const entry& each)
    {
        if (each.refusal.empty()) return &each;
        return std::unexpected(problem{"", each.refusal});
    }

    checked<const entry*> fail(std::string_view reference, const char* why) const
    {
        return std::unexpected(problem{"", "the " + kind_ + ' ' + text::printable(reference, 80) + ' ' + why});
    }

    std::string kind_;
    std::map<full_name, entry> all_;
};

}  // namespace lintel::discovery
