#include "discovery/traefik_words.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace lintel::discovery::traefik {

namespace {

struct word {
    std::string_view field;  ///< one that ends with "*" stands for all that begin like it
    use what;
};

constexpr std::array router_words{
    word{"lintel*", use::applied},  // not Traefik's: http_options of the router
    word{"rule", use::applied},
    word{"entrypoints", use::applied},
    word{"middlewares", use::applied},
    word{"service", use::applied},
    word{"priority", use::applied},
    word{"rulesyntax", use::applied},
    word{"tls", use::applied},
    word{"tls.options", use::applied},
    word{"tls.certresolver", use::accepted},
    word{"tls.domains*", use::accepted},
    word{"observability.accesslogs", use::accepted},
    word{"observability.metrics", use::accepted},
    word{"observability.tracing", use::accepted},
    word{"observability.traceverbosity", use::accepted},
    word{"parentrefs*", use::accepted},
};

constexpr std::array service_words{
    word{"middlewares", use::applied},
    word{"loadbalancer.server.port", use::applied},
    word{"loadbalancer.server.scheme", use::applied},
    word{"loadbalancer.server.url", use::applied},
    word{"loadbalancer.passhostheader", use::applied},
    word{"loadbalancer.server.weight", use::later},
    word{"loadbalancer.server.preservepath", use::later},
    word{"loadbalancer.strategy", use::later},
    word{"loadbalancer.serverstransport", use::later},
    word{"loadbalancer.responseforwarding.flushinterval", use::later},
    word{"loadbalancer.sticky*", use::later},
    word{"loadbalancer.healthcheck*", use::later},
    word{"loadbalancer.passivehealthcheck*", use::later},
    word{"weighted*", use::later},
    word{"mirroring*", use::later},
    word{"failover*", use::later},
    word{"highestrandomweight*", use::later},
};

use find(std::span<const word> words, std::string_view field)
{
    for (const auto& [known, what] : words) {
        if (known == field) return what;
        if (!known.ends_with('*')) continue;
        auto stem = known.substr(0, known.size() - 1);
        bool inside = field.size() > stem.size() && (field[stem.size()] == '.' || field[stem.size()] == '[');
        if (field == stem || (field.starts_with(stem) && inside)) return what;
    }
    return use::unknown;
}

std::string hint(std::span<const word> words, std::string_view field, std::string_view prefix)
{
    std::vector<std::string> known;
    for (const auto& each : words) known.emplace_back(each.field.substr(0, each.field.find('*')));
    auto near = text::nearest(field, known);
    return near.empty() ? "nothing like it is known" : "did you mean " + std::string(prefix) + near + '?';
}

}  // namespace

use router_use(std::string_view field) { return find(router_words, field); }
use service_use(std::string_view field) { return find(service_words, field); }

std::string router_hint(std::string_view field, std::string_view prefix) { return hint(router_words, field, prefix); }
std::string service_hint(std::string_view field, std::string_view prefix) { return hint(service_words, field, prefix); }

std::optional<bool> parse_bool(std::string_view text)
{
    constexpr std::array<std::string_view, 6> yes{"1", "t", "T", "TRUE", "true", "True"};
    constexpr std::array<std::string_view, 6> no{"0", "f", "F", "FALSE", "false", "False"};
    if (std::ranges::find(yes, text) != yes.end()) return true;
    if (std::ranges::find(no, text) != no.end()) return false;
    return {};
}

std::optional<std::int64_t> parse_priority(std::string_view text)
{
    constexpr std::int64_t limit = INT64_MAX - 1000;
    std::int64_t value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return {};
    if (value > limit || value < -limit) return {};
    return value;
}

std::string refusal(std::string_view kind, std::span<const std::string> names)
{
    bool several = names.size() > 1;
    return std::string(kind) + (several ? "s " : " ") + text::join(names, ", ") + (several ? " are" : " is") +
           " not supported yet, so this router is closed rather than served without " + (several ? "them" : "it");
}

}  // namespace lintel::discovery::traefik
