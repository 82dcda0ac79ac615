#pragma once
// The Date field (RFC 9110 §6.6.1).

#include <string>

namespace lintel::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" for now.
std::string date_now();

}  // namespace lintel::http
