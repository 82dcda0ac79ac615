#pragma once
// A named place where we listen.

#include "base/result.hpp"
#include "model/http_options.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::model {

struct entrypoint {
    std::string name;     ///< as lintel.yaml declares it; "http" and "https" are built in
    std::string address;  ///< "ADDR:PORT", "[::1]:443" or ":80" (all addresses, both families)
    bool tls = false;     ///< `https` always speaks TLS; a declared one does where it says so
    std::uint16_t public_port =
        0;                   ///< the port clients see, for redirects, where a mapping changes it; 0 = the bound one
    option_texts options{};  ///< overrides of http_options
    std::vector<std::string> proxy_protocol_from{};  ///< networks ("10.0.0.0/8") whose connections begin with a PROXY
                                                     ///< header, v1 or v2; any other's must not

    bool operator==(const entrypoint&) const = default;
};

/// The name an entrypoint is declared by: "web" is "http", "websecure" is "https", as Traefik's users know them.
inline std::string_view canonical_entrypoint(std::string_view name)
{
    if (name == "web") return "http";
    if (name == "websecure") return "https";
    return name;
}

}  // namespace lintel::model
