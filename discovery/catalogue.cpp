#include "discovery/catalogue.hpp"

#include <algorithm>

namespace lintel::discovery {

void catalogue::put(const std::string& key, fragment what)
{
    auto known = fragments_.find(key);
    if (known != fragments_.end() && known->second == what) return;
    fragments_.insert_or_assign(key, std::move(what));
    on_change_();
}

void catalogue::remove(const std::string& key)
{
    if (fragments_.erase(key) > 0) on_change_();
}

void catalogue::set_state(const std::string& provider, provider_state state)
{
    auto& known = providers_[provider];
    state.settled = state.settled || known.settled;
    known = std::move(state);
    on_change_();
}

bool catalogue::settled() const
{
    return std::ranges::all_of(providers_, [](const auto& each) { return each.second.settled; });
}

}  // namespace lintel::discovery
