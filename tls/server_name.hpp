#pragma once
// The name in a ClientHello, in the one form that is looked up.

#include <string>
#include <string_view>

namespace lintel::tls {

/// Lower case and without one trailing dot; empty for addresses, which are no names (RFC 6066 §3). Names with other
/// letters come as A-labels (RFC 5890), and are compared as they come.
std::string normal_server_name(std::string_view sent);

/// The body of the extension server_name → its host_name in that form. Empty: none, an address, or malformed.
std::string read_server_name(std::string_view extension);

}  // namespace lintel::tls
