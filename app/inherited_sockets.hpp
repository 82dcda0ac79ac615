#pragma once
// Sockets from a service manager (sd_listen_fds(3)).

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <map>
#include <string>
#include <vector>

namespace lintel::app {

/// LISTEN_FDS, by the entrypoint that LISTEN_FDNAMES gives each ("http", "web", …); without names the first is http,
/// the second https. Taken as they are. Clears the variables, so that children don't take them for theirs.
std::map<std::string, std::vector<unique_fd>> take_inherited_sockets();

}  // namespace lintel::app
