#pragma once
// What all sources say right now. Providers write, merge() reads. Lives on control's executor.

#include "discovery/fragment.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lintel::discovery {

/// How a provider fares, for `lintel status` and `lintel problems`.
struct provider_state {
    bool settled = false;    ///< has given its first whole answer, or said why it can't
    bool available = false;  ///< answers now; what it said last stays in force while it doesn't
    std::string detail;      ///< "Docker 20.10.24, API 1.41, 6 containers", or what is wrong and what to do
    std::vector<problem> problems;
};

class catalogue {
public:
    using change_handler = std::function<void()>;
    explicit catalogue(change_handler on_change) : on_change_(std::move(on_change)) {}

    /// Replaces all that `key` (container id, file path) said before. Nothing is announced when nothing changed.
    void put(const std::string& key, fragment what);
    void remove(const std::string& key);

    void set_state(const std::string& provider, provider_state state);

    /// True when every provider that was announced by set_state() is settled.
    bool settled() const;

    const std::map<std::string, fragment>& fragments() const { return fragments_; }
    const std::map<std::string, provider_state>& providers() const { return providers_; }

private:
    change_handler on_change_;
    std::map<std::string, fragment> fragments_;
    std::map<std::string, provider_state> providers_;
};

}  // namespace lintel::discovery
