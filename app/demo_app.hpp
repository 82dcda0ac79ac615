#pragma once
// `lintel demo-app`: a small app to try the front door with.

#include <string>

namespace lintel::app {

/// Serves plain HTTP on `address` (port 0: any; the line "listening on ADDR:PORT" says which) until SIGTERM or SIGINT.
int run_demo_app(const std::string& address);

}  // namespace lintel::app
