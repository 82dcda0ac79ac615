#pragma once
// What the admin API tells: borrowed from those who know it.

#include "acme/certificates.hpp"
#include "discovery/catalogue.hpp"
#include "discovery/merge.hpp"
#include "link/publisher.hpp"
#include "model/entrypoint.hpp"

#include <string>
#include <vector>

namespace lintel::admin {

/// Lives in control; read on its worker only.
struct facts {
    const discovery::catalogue& catalogue;
    const link::publisher& publisher;
    const std::vector<model::entrypoint>& entrypoints;
    const std::vector<problem>& problems;  ///< sources' mistakes and the conflicts between them
    acme::certificates& certificates;
    std::int64_t supervisor_pid = 0;
    wall_clock::time_point started;
};

}  // namespace lintel::admin
