#pragma once
// Which of several declarations of one name counts. Internal to merge.

#include "discovery/fragment.hpp"

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lintel::discovery {

/// A fragment, and whether it has an endpoint that may be used: ready or to be probed, and not told to stop. The
/// fragment outlives it.
struct origin {
    const fragment* from;
    bool healthy;
};
origin origin_of(const fragment& from);

/// What a router or service is known by. The texts belong to a fragment.
struct full_name {
    std::string_view provider;
    std::string_view app;
    std::string_view name;

    auto operator<=>(const full_name&) const = default;

    bool same_app(const full_name& other) const { return provider == other.provider && app == other.app; }

    /// "<provider>:<app>/<name>", "<provider>:<name>" where the app is empty. A slash in the name becomes %2F and a %
    /// becomes %25, so that no two names share an id.
    std::string id() const;
};

/// What two declarations must have in common to say the same about certificates.
std::string content_of(const certificate_terms& terms);

/// A key of two texts that somebody else owns.
using text_pair = std::pair<std::string_view, std::string_view>;
struct text_pair_hash {
    std::size_t operator()(const text_pair& key) const
    {
        std::hash<std::string_view> of;
        return of(key.first) * 31 + of(key.second);
    }
};

/// How much a declaration weighs inside its app: healthy before not, then newer before older.
struct weight {
    bool healthy = false;
    std::int64_t since = 0;

    auto operator<=>(const weight&) const = default;
};

/// One source's declaration of a name. `content` is the same text for the same declaration; it is asked for only where
/// there are several.
template <class Declared>
struct candidate {
    origin owner;
    const Declared* what;
    std::string content{};

    weight weighs() const { return {owner.healthy, owner.from->since}; }
};

/// All declarations of one name inside one app, in the order of the fragments' keys; never empty.
template <class Declared>
using candidates = std::vector<candidate<Declared>>;

/// The declaration that counts: the newest with a healthy endpoint, else the newest; the first of those that are equal.
template <class Declared>
const candidate<Declared>& heaviest(const candidates<Declared>& all)
{
    const auto* best = &all.front();
    for (const auto& each : all) {
        if (each.weighs() > best->weighs()) best = &each;
    }
    return *best;
}

template <class Declared>
std::int64_t oldest(const candidates<Declared>& all)
{
    auto first = all.front().owner.from->since;
    for (const auto& each : all) first = std::min(first, each.owner.from->since);
    return first;
}

/// Tells the sources whose declaration differs from the `winner`'s. `kind`: "router".
template <class Declared>
void report_others(const candidates<Declared>& all, const candidate<Declared>& winner, std::string_view kind,
                   std::vector<problem>& problems)
{
    for (const auto& each : all) {
        if (each.content == winner.content) continue;
        auto where = each.owner.from->source + ": " + std::string(kind) + ' ' + each.what->name;
        auto why = "declared otherwise by " + winner.owner.from->source +
                   ", which counts because it is the newest of its app with a healthy endpoint, or the newest of all";
        problems.push_back({std::move(where), std::move(why)});
    }
}

}  // namespace lintel::discovery
