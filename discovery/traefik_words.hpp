#pragma once
// Traefik's vocabulary: which keys a router and a service may have, and what we do with each. Labels and YAML share it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lintel::discovery::traefik {

enum class use {
    unknown,   ///< nobody's key: a typo
    applied,   ///< we do what it says
    accepted,  ///< nothing to do: it asks for what is so anyway, or has no effect in Traefik either
    later,     ///< Traefik's, not supported yet; without it the service still works
};

/// `field`: the path below the router's or service's name in lower case, such as "tls.certresolver".
use router_use(std::string_view field);
use service_use(std::string_view field);

/// "did you mean …?", or the text that says that nothing like it is known. `prefix` stands before the known field.
std::string router_hint(std::string_view field, std::string_view prefix);
std::string service_hint(std::string_view field, std::string_view prefix);

/// Go's ParseBool: 1, t, T, TRUE, true, True and their opposites.
std::optional<bool> parse_bool(std::string_view text);

/// A router's priority; none outside ±(2^63 - 1001), where Traefik's own routers are.
std::optional<std::int64_t> parse_priority(std::string_view text);

/// The sentence of a router that is closed because it names what we can't do yet: `kind` "middleware", `names` "auth".
std::string refusal(std::string_view kind, std::span<const std::string> names);

}  // namespace lintel::discovery::traefik
