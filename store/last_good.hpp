#pragma once
// The last good snapshot on disk: what an edge is given at a boot before any discovery has answered.

#include "base/result.hpp"
#include "model/snapshot.hpp"

#include <filesystem>
#include <optional>

namespace lintel::store {

/// Writes `last-good.json` in the state folder, whole or not at all. Certificates and transports are kept as the paths
/// of their files: no key enters it.
result<void> save_last_good(const std::filesystem::path& state, const model::snapshot& good);

/// Reads it back; certificates whose files are gone or empty are left out, and endpoints of containers are
/// `unconfirmed`: the engine may have given their addresses to others. None when there is no file, or a broken one
/// (which is logged).
std::optional<model::snapshot> load_last_good(const std::filesystem::path& state);

/// Fills in the PEM texts of certificates and transports that name files; those that can't be read are dropped and
/// logged, and what can't be kept to its word without them is closed.
void read_certificate_files(model::snapshot& whole);

}  // namespace lintel::store
