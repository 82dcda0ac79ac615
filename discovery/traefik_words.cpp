#include "discovery/traefik_words.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "model/rule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace lintel::discovery::traefik {

namespace {

constexpr std::array http_router{
    word{"lintel*", use::applied},  // not Traefik's: http_options of the router
    word{"rule", use::applied},
    word{"entrypoints", use::applied},
    word{"middlewares", use::applied},
    word{"service", use::applied},
    word{"priority", use::applied},
    word{"rulesyntax", use::applied},
    word{"tls", use::applied},
    word{"tls.options", use::applied},
    word{"tls.certresolver", use::applied},
    word{"tls.domains*", use::applied},
    word{"observability.accesslogs", use::accepted},
    word{"observability.metrics", use::accepted},
    word{"observability.tracing", use::accepted},
    word{"observability.traceverbosity", use::accepted},
    word{"parentrefs*", use::accepted},
};

constexpr std::array http_service{
    word{"middlewares", use::applied},
    word{"loadbalancer.server.port", use::applied},
    word{"loadbalancer.server.scheme", use::applied},
    word{"loadbalancer.server.url", use::applied},
    word{"loadbalancer.passhostheader", use::applied},
    word{"loadbalancer.server.weight", use::later},
    word{"loadbalancer.server.preservepath", use::later},
    word{"loadbalancer.strategy", use::later},
    word{"loadbalancer.serverstransport", use::applied},
    word{"loadbalancer.responseforwarding.flushinterval", use::later},
    word{"loadbalancer.sticky*", use::later},
    word{"loadbalancer.healthcheck.mode", use::applied},
    word{"loadbalancer.healthcheck.interval", use::applied},
    word{"loadbalancer.healthcheck.timeout", use::applied},
    word{"loadbalancer.healthcheck.port", use::applied},
    word{"loadbalancer.healthcheck*", use::later},
    word{"loadbalancer.passivehealthcheck*", use::later},
    word{"weighted*", use::later},
    word{"mirroring*", use::later},
    word{"failover*", use::later},
    word{"highestrandomweight*", use::later},
};

constexpr std::array tcp_router{
    word{"rule", use::applied},         word{"entrypoints", use::applied},
    word{"middlewares", use::applied},  word{"service", use::applied},
    word{"priority", use::applied},     word{"rulesyntax", use::applied},
    word{"tls", use::applied},          word{"tls.passthrough", use::applied},
    word{"tls.options", use::applied},  word{"tls.certresolver", use::applied},
    word{"tls.domains*", use::applied},
};

constexpr std::array tcp_service{
    word{"loadbalancer.server.port", use::applied},
    word{"loadbalancer.server.tls", use::applied},
    word{"loadbalancer.proxyprotocol", use::applied},
    word{"loadbalancer.proxyprotocol.version", use::applied},
    word{"loadbalancer.serverstransport", use::applied},
    word{"loadbalancer.terminationdelay", use::accepted},  // we end a half-closed connection as its two sides do
    word{"loadbalancer.healthcheck*", use::later},
    word{"weighted*", use::later},
};

constexpr std::array tls_option{
    word{"minversion", use::applied},
    word{"maxversion", use::applied},
    word{"ciphersuites", use::applied},
    word{"curvepreferences", use::applied},
    word{"clientauth.cafiles", use::applied},
    word{"clientauth.clientauthtype", use::applied},
    word{"snistrict", use::applied},
    word{"alpnprotocols", use::applied},
    word{"preferserverciphersuites", use::accepted},
    word{"disablesessiontickets", use::later},
};

constexpr std::array servers_transport{
    word{"servername", use::applied},   word{"insecureskipverify", use::applied},
    word{"rootcas", use::applied},      word{"certificates", use::applied},
    word{"peercerturi", use::applied},  // closes
    word{"spiffe*", use::applied},      // closes
    word{"ciphersuites", use::later},   word{"minversion", use::later},
    word{"maxversion", use::later},     word{"maxidleconnsperhost", use::later},
    word{"disablehttp2", use::applied}, word{"forwardingtimeouts*", use::later},
};

}  // namespace

const vocabulary router_words = http_router, service_words = http_service;
const vocabulary tcp_router_words = tcp_router, tcp_service_words = tcp_service;
const vocabulary tls_options_words = tls_option, transport_words = servers_transport;

use use_of(vocabulary words, std::string_view field)
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

std::string hint(vocabulary words, std::string_view field, std::string_view prefix)
{
    std::vector<std::string> known;
    for (const auto& each : words) known.emplace_back(each.field.substr(0, each.field.find('*')));
    auto near = text::nearest(field, known);
    return near.empty() ? "nothing like it is known" : "did you mean " + std::string(prefix) + near + '?';
}

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

std::optional<model::health_check> read_health_check(const text_source& text_of, const report_target& report)
{
    constexpr std::string_view prefix = "loadbalancer.healthcheck.";
    auto field = [&](std::string_view name) { return text_of(std::string(prefix).append(name)); };
    auto wrong = [&](std::string_view name, std::string what) {
        report(std::string(prefix).append(name), std::move(what));
    };
    auto mode = text::lower(field("mode").value_or("http"));
    if (mode != "grpc") {
        for (std::string_view name : {"mode", "interval", "timeout", "port"}) {
            if (field(name)) {
                wrong(name, "not supported yet, ignored; a health check of mode grpc is");
                break;
            }
        }
        return {};
    }
    model::health_check check;
    check.grpc = true;
    auto read_time = [&](std::string_view name, duration& into) {
        auto written = field(name);
        auto parsed = written ? units::parse_duration(*written) : into;
        bool right = parsed && *parsed > duration{};
        if (right)
            into = *parsed;
        else
            wrong(name, '"' + text::printable(*written, 40) + "\" is no time above zero, ignored; write it like 10s");
    };
    read_time("interval", check.interval);
    read_time("timeout", check.timeout);
    if (auto written = field("port")) {
        auto port = text::parse_decimal(*written);
        bool right = port && *port > 0 && *port <= UINT16_MAX;
        if (right)
            check.port = static_cast<std::uint16_t>(*port);
        else
            wrong("port", '"' + text::printable(*written, 40) + "\" is no port, ignored");
    }
    return check;
}

std::string unknown_scheme(std::string_view written)
{
    return "the scheme " + text::printable(written, 20) +
           " is none that is spoken with servers: http, https or h2c; routers that use this service are closed";
}

std::string read_tcp_rule(std::string_view rule, model::tcp_router& into)
{
    auto names = model::parse_tcp_rule(rule);
    if (!names) return names.error().where + ": " + names.error().what;
    bool any = names->size() == 1 && names->front() == "*";
    if (into.security == model::tcp_security::clear && !any)
        return "without TLS a connection names no host: give the router tls, or write HostSNI(`*`)";
    into.names = std::move(*names);
    into.priority = static_cast<std::int64_t>(rule.size());
    return "";
}

}  // namespace lintel::discovery::traefik
