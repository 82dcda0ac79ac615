#pragma once
// Where a redirect leads (RFC 9110 §10.2.2, RFC 3986 §5.2), as far as a CA follows it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lintel::acme {

/// A page as http and https name it.
struct web_page {
    bool https = false;
    std::string host;  ///< lower case, no trailing dot, no brackets
    std::uint16_t port = 80;
    std::string target;  ///< path and query

    std::string origin() const;  ///< "https://login.example": for people, nothing in it is secret
    std::string url() const { return origin() + target; }
};

bool is_redirect(int status);

/// `location`: the field's value, absolute or relative to `from`. None when it is no page of http or https.
std::optional<web_page> redirected(const web_page& from, std::string_view location);

}  // namespace lintel::acme
