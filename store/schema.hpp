#pragma once
// The tables of lintel.db, and how older ones become today's.

#include "base/result.hpp"

#include <filesystem>

namespace lintel::store {

class database;

/// Brings the database to today's version, in one transaction. Problems: it comes from a newer Lintel, or from another
/// program; nothing has been written to it then.
checked<void> migrate(database& into, const std::filesystem::path& file);

}  // namespace lintel::store
