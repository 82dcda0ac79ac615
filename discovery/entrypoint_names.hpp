#pragma once
// The entrypoints that are declared, by the names that routers give them. Internal to merge.

#include "base/result.hpp"
#include "model/entrypoint.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::discovery {

bool speaks_tls(const model::entrypoint& where);

/// As entrypoints are declared ("web" → "http"), sorted, each once.
std::vector<std::string> canonical_names(const std::vector<std::string>& written);

class entrypoint_names {
public:
    explicit entrypoint_names(const std::vector<model::entrypoint>& all);

    const std::vector<model::entrypoint>& all() const { return all_; }
    bool is_tls(std::string_view name) const;

    /// Those of `written` that exist, in the order in which they are declared. The others are reported at `where`.
    std::vector<const model::entrypoint*> find(const std::vector<std::string>& written, const std::string& where,
                                               std::vector<problem>& problems) const;

private:
    std::vector<model::entrypoint> all_;
    std::vector<std::string> known_;
};

}  // namespace lintel::discovery
