#pragma once
// The keys of lintel.yaml that are about certificates: their texts, and what they refer to. Internal to app/settings.

#include "app/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::app {

/// As the `apply` of an option: what is wrong with the text, else empty.
std::string read_email(settings& all, std::string_view text);
std::string read_default_issuers(settings& all, std::string_view text);
std::string read_resolvers(settings& all, std::string_view text);
std::string read_host_issuers(settings& all, std::string_view text);
std::string read_preflight(settings& all, std::string_view text);
std::string read_imports(settings& all, std::string_view text);
std::string read_port(std::uint16_t& into, std::string_view text);

/// "ADDR[:PORT]", separated by commas; an IPv6 address with a port is in brackets.
std::string read_name_servers(std::vector<net::address>& into, std::string_view text);

/// Reads `issuers`, and looks whether all issuers that are named exist. Apart from the other texts: it has several
/// mistakes to tell, and secrets to keep.
std::vector<problem> complete_certificates(settings& all, const chosen_settings& chosen);

}  // namespace lintel::app
