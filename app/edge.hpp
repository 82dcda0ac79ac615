#pragma once
// The edge role.

#include "app/settings.hpp"

#include <string>

namespace lintel::app {

/// `lintel edge` as the supervisor starts it: channel on descriptor 3. Returns the exit status.
int run_edge();

/// `lintel edge --snapshot FILE`: the data plane alone, with sockets of its own and no control.
int run_lone_edge(const settings& parsed, const std::string& snapshot_file, int ready_fd);

}  // namespace lintel::app
