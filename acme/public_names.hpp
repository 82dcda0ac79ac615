#pragma once
// Names that every public CA refuses, so that none is asked.

#include <string>
#include <string_view>

namespace lintel::acme {

/// Why no public CA may be asked for `name`: .localhost, .test, .internal, .local, .home.arpa, .invalid, .example,
/// .onion, a private or special address (RFC 6890), a single label, or no host name at all. Case, one trailing dot, a
/// leading "*." and brackets around an address don't matter. A sentence for the owner; empty: it may.
std::string why_not_public(std::string_view name);

}  // namespace lintel::acme
