#include "http/field_rules.hpp"

#include "base/text.hpp"
#include "http/error.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace lintel::http {

namespace {

/// Whether `_` read as `-` makes it one of the fields that a proxy must know.
bool passes_for_known(std::string_view name)
{
    std::string dashed(name);
    std::ranges::replace(dashed, '_', '-');
    return identify(dashed) != field_id::other;
}

}  // namespace

result<field> checked_field(std::string_view name, std::string_view value)
{
    if (!is_token(name)) return errc::bad_field_name;
    if (!is_field_value(value)) return errc::bad_field_value;
    return field{name, value, identify(name)};
}

keep verdict_on(std::string_view name, underscores policy)
{
    if (policy == underscores::untouched || name.find('_') == name.npos) return keep::yes;
    if (policy == underscores::reject) return keep::refuse;
    return policy == underscores::drop || passes_for_known(name) ? keep::no : keep::yes;
}

bool may_trail(const field& candidate)
{
    constexpr std::array<std::string_view, 30> never{"age",
                                                     "authentication-info",
                                                     "authorization",
                                                     "cache-control",
                                                     "content-disposition",
                                                     "content-encoding",
                                                     "content-language",
                                                     "content-location",
                                                     "content-range",
                                                     "content-type",
                                                     "cookie",
                                                     "date",
                                                     "expires",
                                                     "if-match",
                                                     "if-modified-since",
                                                     "if-none-match",
                                                     "if-range",
                                                     "if-unmodified-since",
                                                     "location",
                                                     "origin",
                                                     "pragma",
                                                     "range",
                                                     "retry-after",
                                                     "server",
                                                     "set-cookie",
                                                     "sec-websocket-key",
                                                     "strict-transport-security",
                                                     "vary",
                                                     "warning",
                                                     "www-authenticate"};
    if (candidate.id != field_id::other) return false;
    return std::ranges::none_of(never, [&](auto name) { return text::equal_caseless(name, candidate.name); });
}

bool is_connections_own(field_id id)
{
    switch (id) {
        case field_id::connection:
        case field_id::keep_alive:
        case field_id::proxy_connection:
        case field_id::transfer_encoding:
        case field_id::content_length: return true;
        default: return false;
    }
}

}  // namespace lintel::http
