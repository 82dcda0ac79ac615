#pragma once
// The state folder: who may use it, and what lies where in it.

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <filesystem>

namespace lintel::app {

/// Makes the folder where it is missing (0711: the edge passes through to its own part) and takes its lock. The problem
/// names the process that holds it.
checked<unique_fd> take_state_folder(const std::filesystem::path& state);

inline std::filesystem::path admin_socket(const std::filesystem::path& state) { return state / "admin.sock"; }

/// The edge's working folder: all that it can reach. The link's socket lies in it.
inline std::filesystem::path edge_folder(const std::filesystem::path& state) { return state / "edge"; }
inline constexpr const char* link_socket = "link.sock";

}  // namespace lintel::app
