#pragma once
// Which of several declarations of one name counts. Internal to merge.

#include "discovery/fragment.hpp"

#include <compare>
#include <string>
#include <string_view>
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

    /// "<provider>:<app>/<name>", "<provider>:<name>" where the app is empty. A slash in the name becomes %2F, so that
    /// no two names share an id.
    std::string id() const;
};

/// How much a declaration weighs inside its app: healthy before not, then newer before older.
struct weight {
    bool healthy = false;
    std::int64_t since = 0;

    auto operator<=>(const weight&) const = default;
};

/// One source's declaration of a name. `content` is the same text for the same declaration.
template <class Declared>
struct candidate {
    origin owner;
    const Declared* what;
    std::string content;

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

/// Tells the sources whose declaration differs from the `winner`'s. `what`: "router web".
template <class Declared>
void report_others(const candidates<Declared>& all, const candidate<Declared>& winner, const std::string& what,
                   std::vector<problem>& problems)
{
    for (const auto& each : all) {
        if (each.content == winner.content) continue;
        problems.push_back(
            {each.owner.from->source + ": " + what,
             "declared otherwise by " + winner.owner.from->source +
                 ", which counts because it is the newest of its app with a healthy endpoint, or the newest of all"});
    }
}

}  // namespace lintel::discovery
