#include "discovery/server_address.hpp"

#include "base/text.hpp"
#include "model/rule.hpp"

namespace lintel::discovery {

namespace {

/// The host of "HOST" or "HOST:PORT", its port in `port` where one is written.
std::optional<std::string> split_authority(std::string_view authority, std::optional<std::uint16_t>& port)
{
    auto colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
        auto number = text::parse_decimal(authority.substr(colon + 1));
        if (!number || *number == 0 || *number > 65535) return {};
        port = static_cast<std::uint16_t>(*number);
        authority = authority.substr(0, colon);
    }
    auto host = model::canonical_host(authority);
    if (!host) return {};
    return host->starts_with('[') ? host->substr(1, host->size() - 2) : *host;
}

}  // namespace

std::optional<server_url> parse_server_url(std::string_view text)
{
    server_url url;
    auto scheme = text.find("://");
    if (scheme == std::string_view::npos) return {};
    url.scheme = text::lower(text.substr(0, scheme));
    text.remove_prefix(scheme + 3);
    auto authority = text.substr(0, text.find_first_of("/?#"));
    auto rest = text.substr(authority.size());
    url.bare = rest.empty() || rest == "/";
    std::optional<std::uint16_t> port;
    auto host = split_authority(authority, port);
    if (!host) return {};
    url.host = std::move(*host);
    url.port = port.value_or(url.scheme == "https" ? 443 : 80);
    return url;
}

std::optional<server_address> parse_server_address(std::string_view text)
{
    std::optional<std::uint16_t> port;
    auto host = split_authority(text, port);
    if (!host || !port) return {};
    return server_address{std::move(*host), *port};
}

}  // namespace lintel::discovery
