#pragma once
// Where the engine is and how its containers are read.

#include <string>

namespace lintel::discovery {

struct engine_settings {
    std::string socket = "/var/run/docker.sock";
    std::string network{};           ///< prefer this network's address where a container has several
    bool exposed_by_default = true;  ///< false: only containers with traefik.enable=true or a lintel.* label
};

}  // namespace lintel::discovery
