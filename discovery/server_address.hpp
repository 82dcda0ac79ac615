#pragma once
// Where a server is, as routes files write it. Internal to discovery/routes_services.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lintel::discovery {

/// "http://HOST:PORT", taken apart.
struct server_url {
    std::string scheme;       ///< lower case
    std::string host;         ///< IPv6 without brackets
    std::uint16_t port = 80;  ///< that of the scheme where none is written
    bool bare = true;         ///< neither path nor query
};

/// None where it is no URL with a host.
std::optional<server_url> parse_server_url(std::string_view text);

struct server_address {
    std::string host;
    std::uint16_t port = 0;
};

/// "HOST:PORT"; none where it is something else.
std::optional<server_address> parse_server_address(std::string_view text);

}  // namespace lintel::discovery
