#pragma once
// `lintel ca trust`: what makes the programs of this machine trust the local CA.

#include <string>

namespace lintel::app {

enum class trust_action { explain, install, remove };

/// Where the stores are; `root` and `home` are others than / and $HOME in tests only.
struct trust_places {
    std::string state;
    std::string root;  ///< in front of /usr/local/share/ca-certificates
    std::string home;  ///< of the calling user, for the NSS databases of browsers
};

/// `explain` prints what to do for curl, the system's store, browsers and macOS. `install` does what this user may do
/// here and says what it did and what is left; `remove` undoes it. Both may be repeated. Returns the exit status:
/// success, or failure where there is no CA or a step failed.
int trust_ca(const trust_places& where, trust_action what);

}  // namespace lintel::app
