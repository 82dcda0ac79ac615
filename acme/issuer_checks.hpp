#pragma once
// What the texts of an issuer may be. Each check returns what is wrong, empty where nothing is. Internal to
// acme/issuer.

#include <string>
#include <string_view>

namespace lintel::acme {

/// An https URL (RFC 8555 §6.1); on the machine itself, where nobody is in between, http too.
std::string wrong_directory(std::string_view url);

std::string wrong_hmac(std::string_view text);    ///< base64url
std::string wrong_secret(std::string_view text);  ///< base64
std::string wrong_server(std::string_view text);  ///< HOST or HOST:PORT
std::string wrong_zone(std::string_view text);
std::string wrong_program(std::string_view text);

/// True where the directory's host is known in a network of one's own only: such a CA may vouch for that network's
/// names.
bool is_own_directory(std::string_view url);

}  // namespace lintel::acme
