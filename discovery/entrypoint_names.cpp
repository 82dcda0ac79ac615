#include "discovery/entrypoint_names.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace lintel::discovery {

bool speaks_tls(const model::entrypoint& where) { return where.tls || where.name == "https"; }

std::vector<std::string> canonical_names(const std::vector<std::string>& written)
{
    std::vector<std::string> names;
    for (const auto& name : written) names.emplace_back(model::canonical_entrypoint(name));
    std::ranges::sort(names);
    auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
}

entrypoint_names::entrypoint_names(const std::vector<model::entrypoint>& all) : all_(all)
{
    for (const auto& each : all_) known_.push_back(each.name);
}

bool entrypoint_names::is_tls(std::string_view name) const
{
    return std::ranges::any_of(all_, [&](const auto& each) { return each.name == name && speaks_tls(each); });
}

std::vector<const model::entrypoint*> entrypoint_names::find(const std::vector<std::string>& written,
                                                             const std::string& where,
                                                             std::vector<problem>& problems) const
{
    auto wanted = canonical_names(written);
    std::vector<const model::entrypoint*> found;
    for (const auto& each : all_) {
        if (std::ranges::binary_search(wanted, each.name)) found.push_back(&each);
    }
    for (const auto& name : wanted) {
        if (std::ranges::find(known_, name) != known_.end()) continue;
        auto near = text::nearest(name, known_);
        auto hint = near.empty() ? "known are " + text::join(known_, ", ") : "did you mean " + near + '?';
        problems.push_back({where, "there is no entrypoint " + text::printable(name, 40) + "; " + hint});
    }
    return found;
}

}  // namespace lintel::discovery
