#pragma once
// What a field must look like and which fields go no further: the same for every version of HTTP.

#include "base/result.hpp"
#include "http/fields.hpp"
#include "http/head_limits.hpp"

namespace lintel::http {

inline constexpr std::size_t longest_method = 32;

/// RFC 9110 §5.1, §5.5. `value`: without surrounding white space. Errors: `bad_field_name`, `bad_field_value`.
result<field> checked_field(std::string_view name, std::string_view value);

enum class keep { yes, no, refuse };

/// What `policy` says about this name.
keep verdict_on(std::string_view name, underscores policy);

/// Fields that say how to read, route, cache or trust a message come too late in a trailer (RFC 9110 §6.5.1).
bool may_trail(const field& candidate);

/// Those that only this connection's writer may say.
bool is_connections_own(field_id id);

}  // namespace lintel::http
