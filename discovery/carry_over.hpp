#pragma once
// What the last run knew of sources that can't speak yet. Pure.

#include "discovery/catalogue.hpp"
#include "model/snapshot.hpp"

namespace lintel::discovery {

/// Discovery that fails freezes the routes, it never empties them; after a restart too. Adds to `desired` what
/// `last_good` has from sources that have said nothing since: containers while the engine has not been reached once
/// (`engine_answered` false), and routes files that are broken and were not read in this run. What `desired` has
/// already stays as it is. Closes what names TLS options or a transport that neither has.
void carry_over(model::snapshot& desired, const model::snapshot& last_good, const catalogue& sources,
                bool engine_answered);

}  // namespace lintel::discovery
