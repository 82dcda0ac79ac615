#pragma once
// Files: read whole, written whole or not at all.

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace lintel::file {

result<std::string> read(const std::filesystem::path& path);

enum class durability {
    synced,   ///< fsync of the file and its folder: a power cut leaves the old content or the new one
    renamed,  ///< no fsync: for what is made again when it is missing or broken
};

/// Replaces `path` as one step: temporary file beside it, then rename. `mode` as in chmod, set before the first byte is
/// written. A crash of ours leaves the old content or the new one.
result<void> write_atomically(const std::filesystem::path& path, std::string_view content, mode_t mode,
                              durability wanted = durability::synced);

/// Makes the folder and its parents; the last one gets `mode`, also when it exists already.
result<void> make_folder(const std::filesystem::path& path, mode_t mode);

}  // namespace lintel::file
