#pragma once
// The heads of requests and responses (RFC 9110 §6), the same for every version of HTTP.

#include "http/fields.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace lintel::http {

enum class version : std::uint8_t { http_1_0, http_1_1, http_2 };

/// As access logs write it.
std::string_view name_of(version spoken);

/// Views into the bytes of the connection it came by (or into what the code that made it keeps), and the list of
/// fields.
struct request_head {
    std::string_view method;
    std::string_view target;  ///< as received
    std::string_view path;  ///< normal form (RFC 3986 §6.2.2): what is matched is what is forwarded; "*" for OPTIONS *
    std::string_view raw_path;   ///< as received
    std::string_view query;      ///< with its "?", empty when there is none
    std::string_view authority;  ///< Host, or the target's in absolute form (RFC 9112 §3.2.2)
    std::string host;            ///< authority without port and trailing dot, lower case
    std::string normal_path;     ///< backs `path` where normalising changed it
    http::version version = version::http_1_1;
    http::fields fields;

    /// Nothing is left but memory for the next one.
    void clear();

    bool is(std::string_view name) const { return method == name; }
    /// RFC 9110 §9.2.2.
    bool is_idempotent() const
    {
        return is("GET") || is("HEAD") || is("PUT") || is("DELETE") || is("OPTIONS") || is("TRACE");
    }
    /// The protocol asked for by Upgrade, where Connection names it (RFC 9110 §7.8); empty when none, or several.
    std::string_view upgrade() const;
};

struct response_head {
    int status = 0;
    http::version version = version::http_1_1;
    http::fields fields;
};

/// For Allow: what is forwarded to any route (RFC 9110 §10.2.1).
inline constexpr std::string_view allowed_methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Connection lists more than anybody has a use for (RFC 9110 §7.6.1): each name is looked for in each field.
bool has_too_many_options(const fields& all);

/// The words that go with a status (RFC 9110 §15); "Unknown" where the registry has none.
std::string_view reason_phrase(int status);

}  // namespace lintel::http
