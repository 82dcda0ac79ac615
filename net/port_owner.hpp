#pragma once
// Who listens on a port, for messages.

#include <cstdint>
#include <string>

namespace lintel::net {

/// "nginx (pid 812)", or empty when /proc doesn't tell (another user's process, another network namespace).
std::string describe_port_owner(std::uint16_t port);

}  // namespace lintel::net
