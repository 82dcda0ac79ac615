#pragma once
// `lintel run`: owns the listening sockets, starts both roles and starts them anew when they die. Never parses a byte
// from the network.

#include "app/settings.hpp"

namespace lintel::app {

/// Runs until SIGTERM or SIGINT and a finished drain; a second one ends everything at once. `ready_fd` −1: none.
/// Returns the exit status; problems are printed to stderr.
int supervise(const chosen_settings& chosen, const settings& parsed, int ready_fd);

}  // namespace lintel::app
