#pragma once
// The records in an SQLite database: `lintel.db` in the state folder.

#include "store/records.hpp"

#include <filesystem>
#include <memory>

namespace lintel::store {

/// Opens it, or makes it where there is none: mode 0600, like the -wal and -shm beside it; the folder must exist.
/// Times are kept to the microsecond. Problems name the file and say how to go on: it can't be written, is damaged,
/// comes from a newer Lintel or from another program. Such a file is left as it is: no new one takes its place.
checked<std::unique_ptr<records>> open_records(const std::filesystem::path& state);

}  // namespace lintel::store
