#pragma once
// What bounds a request and how literally its path is taken: set for all, overridden by an entrypoint, then by a route.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace lintel::model {

/// Time-outs measure progress, not totals (docs/configuration.md has the table). Zero = none, but for `head_timeout`
/// and `connect_timeout`, which are never zero.
struct http_options {
    duration head_timeout = std::chrono::seconds(15);   ///< for a whole head, from its first byte (or from accept)
    duration idle_timeout = std::chrono::seconds(75);   ///< between requests
    duration body_timeout = std::chrono::seconds(30);   ///< how far a request body may fall behind `body_rate`
    std::uint64_t body_rate = 256;                      ///< bytes a second that a request body must reach; 0 = any
    duration write_timeout = std::chrono::seconds(60);  ///< a single wait for the client to take more
    duration connect_timeout = std::chrono::seconds(5);
    duration retry_timeout = std::chrono::seconds(10);  ///< no further try begins later than this after the first
    duration first_byte_timeout = std::chrono::seconds(60);
    duration between_bytes_timeout = std::chrono::seconds(60);
    duration tunnel_idle_timeout{};  ///< both directions of a tunnel or TCP connection silent
    std::uint64_t body_limit = 0;    ///< bytes of a request body; 0 = none
    std::uint64_t requests_per_connection = 1'000'000;
    bool path_as_is = false;              ///< match and forward the path as received; dot segments are refused
    bool reject_encoded_slashes = false;  ///< refuse %2F and %5C in the path
    bool allow_trace = false;
    bool h2c = false;  ///< clients may speak HTTP/2 in clear text, with prior knowledge (RFC 9113 §3.3)

    bool operator==(const http_options&) const = default;
};

/// Overrides as people write them, by key.
using option_texts = std::map<std::string, std::string>;

/// One key of the above.
struct http_option {
    std::string_view key;
    std::string_view form;  ///< of its values, for people: "TIME"
    bool of_route;          ///< false: it counts before a route is known, so only an entrypoint can override it
    std::string (*apply)(http_options&, std::string_view text);  ///< empty, or what is wrong with the text
};
std::span<const http_option> http_option_table();

/// Sets one of the keys of the table. Returns what is wrong with the text ("is not a duration …"), empty when nothing
/// is.
std::string set(http_options& into, std::string_view key, std::string_view text);

enum class option_place { entrypoint, route };

/// What is wrong with this override, as "KEY: …" with a hint; empty when nothing is.
std::string wrong_with(option_place place, std::string_view key, std::string_view text);

/// `base` with the overrides that are right; the others were reported where they were written.
http_options overridden(http_options base, const option_texts& texts);

}  // namespace lintel::model
