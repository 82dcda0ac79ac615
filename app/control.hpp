#pragma once
// The control role: discovery, certificates, the admin API, and the link to the edge.

namespace lintel::app {

/// `lintel control` as the supervisor starts it: channel on descriptor 3. Returns the exit status.
int run_control();

}  // namespace lintel::app
