#pragma once
// Certificates that somebody names as those to trust.

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace lintel::tls {

/// The certificates of a PEM text, written anew: whatever else is in it (a key, comments) is left out. The problem says
/// that there is none, or that one is broken.
checked<std::string> read_authorities(std::string_view pem);

}  // namespace lintel::tls
