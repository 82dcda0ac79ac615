#pragma once
// A container's labels → what it asks for. Pure. Two dialects: our short lintel.* labels and Traefik's
// (docs: traefik.http.routers.*, traefik.http.services.*).

#include "discovery/container.hpp"
#include "discovery/engine_settings.hpp"
#include "discovery/fragment.hpp"

namespace lintel::discovery {

/// True when a container with these labels can ask for anything; any other has no fragment. `docker compose run` makes
/// one-off copies of a service with all its labels: these never do.
bool has_routing_labels(const label_map& labels);

/// Everything the labels ask for. A wrong key costs that key alone and is listed in `problems` with the label as
/// `where`; what restricts access and can't be kept closes its router (fragment::refusal) or leaves it out.
fragment read_labels(const container& from, const engine_settings& settings);

}  // namespace lintel::discovery
