#pragma once
// How the program ends (docs/configuration.md).

namespace lintel::app::exit_status {

inline constexpr int success = 0;
inline constexpr int failure = 1;  ///< at start or while running
inline constexpr int usage = 2;
inline constexpr int bad_config = 3;
inline constexpr int no_daemon = 5;  ///< `lintel status` and others: nobody answers on the admin socket

}  // namespace lintel::app::exit_status
