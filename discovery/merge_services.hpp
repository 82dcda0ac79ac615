#pragma once
// All services that sources declare: who shares the load of which, and what a reference means. Internal to merge.

#include "discovery/merge_sets.hpp"
#include "model/snapshot.hpp"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lintel::discovery {

class service_directory {
public:
    struct entry {
        std::string id;
        model::service spec;
        std::string refusal;  ///< any of its sources can't be served as it asks
        bool implicit = true;
    };

    /// `kind`: what problems call them. `suffix`: ends their ids, so that those of two protocols differ.
    service_directory(std::string kind, std::string suffix) : kind_(std::move(kind)), suffix_(std::move(suffix)) {}

    /// `declared` is of `owner`'s fragment, which outlives the directory.
    void declare(const origin& owner, const std::vector<declared_service>& declared);

    /// To be called once, after the last declare(). Puts ids in place of the transports' names; a service whose
    /// transport can't be had gets a refusal.
    void agree(const set_directory<model::transport>& transports, std::vector<problem>& problems);

    /// What `reference` ("name" or "name@provider") means to a router called `from`: the service of that name in its
    /// own app, else the only one of the provider. The problem's `what` says that there is none, or which there are.
    checked<const entry*> find(const full_name& from, std::string_view reference);

    /// Adds the services to `into`, the implicit ones only where a router of `into` uses them, with their endpoints.
    void publish(model::snapshot& into) &&;

private:
    entry agree_on(const full_name& name, candidates<declared_service>& all, std::vector<problem>& problems) const;
    checked<const entry*> find_across_apps(std::string_view provider, std::string_view name);

    std::string kind_, suffix_;
    std::map<full_name, candidates<declared_service>> declared_;
    std::map<full_name, entry> agreed_;
    std::unordered_map<text_pair, std::vector<full_name>, text_pair_hash>
        across_apps_;  ///< by provider and name; made when first asked
    std::unordered_map<std::string_view, const model::endpoint*> endpoints_;
};

}  // namespace lintel::discovery
