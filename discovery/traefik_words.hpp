#pragma once
// Traefik's vocabulary: which keys its objects may have, and what we do with each. Labels and YAML share it.

#include "model/objects.hpp"

#include <cstdint>
#include <functional>
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

/// The keys of one kind of object, by their path below the object's name.
struct word {
    std::string_view field;  ///< in lower case, such as "tls.certresolver"; one that ends with "*" stands for all that
                             ///< begin like it
    use what;
};
using vocabulary = std::span<const word>;

extern const vocabulary router_words, service_words;          // http
extern const vocabulary tcp_router_words, tcp_service_words;  // tcp
extern const vocabulary tls_options_words, transport_words;   // in files only

/// `field`: in lower case.
use use_of(vocabulary words, std::string_view field);

/// "did you mean …?", or the text that says that nothing like it is known. `prefix` stands before the known field.
std::string hint(vocabulary words, std::string_view field, std::string_view prefix);

/// The transport of services that name none.
inline constexpr std::string_view default_transport = "default@internal";

/// Go's ParseBool: 1, t, T, TRUE, true, True and their opposites.
std::optional<bool> parse_bool(std::string_view text);

/// A router's priority; none outside ±(2^63 - 1001), where Traefik's own routers are.
std::optional<std::int64_t> parse_priority(std::string_view text);

/// The sentence of a router that is closed because it names what we can't do yet: `kind` "middleware", `names` "auth".
std::string refusal(std::string_view kind, std::span<const std::string> names);

using text_source = std::function<std::optional<std::string>(std::string_view field)>;
using report_target = std::function<void(std::string_view field, std::string what)>;

/// `loadBalancer.healthCheck` of either dialect, of which mode grpc is known; none, and reported, where it asks for
/// another. What is wrong costs that key alone.
std::optional<model::health_check> read_health_check(const text_source& text_of, const report_target& report);

/// The sentence of a service whose servers are to be spoken to in a way that nobody knows.
std::string unknown_scheme(std::string_view written);

/// What closes a TCP service or router, or leaves it out, in either dialect.
inline constexpr std::string_view no_tcp_tls =
    "TLS to a TCP service's servers is not supported yet, so routers that use it are closed";
inline constexpr std::string_view no_tcp_transport =
    "a transport for a TCP service is not supported yet, so routers that use it are closed";
inline constexpr std::string_view wrong_proxy_protocol =
    "there are versions 1 and 2 of the PROXY protocol; routers that use this service are closed";
inline constexpr std::string_view no_options_without_end =
    "TLS options can't be kept where TLS doesn't end here, so this router is closed";

/// Fills in the names, and the priority that they have by themselves. `into.security` is known. Returns what is wrong.
std::string read_tcp_rule(std::string_view rule, model::tcp_router& into);

}  // namespace lintel::discovery::traefik
