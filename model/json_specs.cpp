#include "model/json_specs.hpp"

#include "model/json.hpp"

#include <nlohmann/json.hpp>

namespace lintel::model {

using json = nlohmann::json;

namespace {

template <class Enum, std::size_t Size>
using names = std::array<std::pair<Enum, std::string_view>, Size>;

constexpr names<readiness, 7> readiness_names{{
    {readiness::probe, "probe"},
    {readiness::ready, "ready"},
    {readiness::starting, "starting"},
    {readiness::unhealthy, "unhealthy"},
    {readiness::paused, "paused"},
    {readiness::stopped, "stopped"},
    {readiness::unconfirmed, "unconfirmed"},
}};

constexpr names<tcp_security, 3> security_names{{
    {tcp_security::clear, "clear"},
    {tcp_security::passed_on, "passed_on"},
    {tcp_security::ended, "ended"},
}};

constexpr names<scheme, 3> scheme_names{{{scheme::http, "http"}, {scheme::https, "https"}, {scheme::h2c, "h2c"}}};

constexpr names<challenge_kind, 2> challenge_names{{
    {challenge_kind::http_01, "http-01"},
    {challenge_kind::tls_alpn_01, "tls-alpn-01"},
}};

constexpr names<tls_version, 2> version_names{{{tls_version::tls_1_2, "1.2"}, {tls_version::tls_1_3, "1.3"}}};

constexpr names<client_auth, 3> client_auth_names{{
    {client_auth::none, "none"},
    {client_auth::verify_if_given, "verify_if_given"},
    {client_auth::require, "require"},
}};

template <class Enum, std::size_t Size>
std::string_view name_in(const names<Enum, Size>& table, Enum value)
{
    auto found = std::ranges::find(table, value, &std::pair<Enum, std::string_view>::first);
    return found == table.end() ? "" : found->second;
}

/// Reads a field into its place when it is there; a field of the wrong type throws.
template <class Value>
void read(const json& from, const char* key, Value& into)
{
    if (auto found = from.find(key); found != from.end()) found->get_to(into);
}

template <class Enum, std::size_t Size>
void read_name(const json& from, const char* key, const names<Enum, Size>& table, Enum& into)
{
    auto written = from.find(key);
    if (written == from.end()) return;
    auto name = written->get<std::string>();
    auto found = std::ranges::find(table, name, &std::pair<Enum, std::string_view>::second);
    if (found == table.end()) throw std::invalid_argument(std::string("unknown ") + key + ' ' + name);
    into = found->first;
}

std::uint16_t port_in(const json& spec)
{
    auto port = spec.value("port", std::int64_t{0});
    if (port < 0 || port > UINT16_MAX) throw std::invalid_argument("there is no port " + std::to_string(port));
    return static_cast<std::uint16_t>(port);
}

void write(json& into, const char* key, const std::string& text)
{
    if (!text.empty()) into[key] = text;
}

void write(json& into, const char* key, const std::vector<std::string>& texts)
{
    if (!texts.empty()) into[key] = texts;
}

}  // namespace

std::string_view name_of(readiness ready) { return name_in(readiness_names, ready); }
std::string_view name_of(tcp_security security) { return name_in(security_names, security); }
std::string_view name_of(scheme spoken) { return name_in(scheme_names, spoken); }

std::optional<scheme> scheme_named(std::string_view name)
{
    auto found = std::ranges::find(scheme_names, name, &std::pair<scheme, std::string_view>::second);
    if (found == scheme_names.end()) return {};
    return found->first;
}

json spec_of(const router& r)
{
    json spec{{"rule", r.rule}, {"entrypoints", r.entrypoints}, {"source", r.source}};
    if (r.priority != 0) spec["priority"] = r.priority;
    write(spec, "service", r.service);
    if (r.redirect_to_https) spec["redirect_to_https"] = true;
    write(spec, "refusal", r.refusal);
    if (!r.options.empty()) spec["options"] = r.options;
    write(spec, "tls_options", r.tls_options);
    write(spec, "canonical_host", r.canonical_host);
    write(spec, "strict_transport_security", r.strict_transport_security);
    if (!r.pending.empty()) spec["pending"] = r.pending;
    write(spec, "ask", r.ask);
    return spec;
}

void read_spec(const json& spec, router& into)
{
    read(spec, "rule", into.rule);
    read(spec, "priority", into.priority);
    read(spec, "entrypoints", into.entrypoints);
    read(spec, "service", into.service);
    read(spec, "redirect_to_https", into.redirect_to_https);
    read(spec, "refusal", into.refusal);
    read(spec, "options", into.options);
    read(spec, "tls_options", into.tls_options);
    read(spec, "canonical_host", into.canonical_host);
    read(spec, "strict_transport_security", into.strict_transport_security);
    if (spec.contains("pending") && spec["pending"].is_object()) read(spec, "pending", into.pending);
    read(spec, "ask", into.ask);
    read(spec, "source", into.source);
}

json spec_of(const tcp_router& r)
{
    json spec{{"names", r.names}, {"entrypoints", r.entrypoints}, {"source", r.source}};
    if (r.priority != 0) spec["priority"] = r.priority;
    if (r.security != tcp_security::clear) spec["security"] = name_of(r.security);
    write(spec, "tls_options", r.tls_options);
    write(spec, "service", r.service);
    write(spec, "refusal", r.refusal);
    return spec;
}

void read_spec(const json& spec, tcp_router& into)
{
    read(spec, "names", into.names);
    read(spec, "priority", into.priority);
    read(spec, "entrypoints", into.entrypoints);
    read_name(spec, "security", security_names, into.security);
    read(spec, "tls_options", into.tls_options);
    read(spec, "service", into.service);
    read(spec, "refusal", into.refusal);
    read(spec, "source", into.source);
}

json spec_of(const service& s)
{
    json spec{{"endpoints", s.endpoints}, {"source", s.source}};
    if (!s.pass_host) spec["pass_host"] = false;
    if (s.scheme != scheme::http) spec["scheme"] = name_of(s.scheme);
    write(spec, "transport", s.transport);
    if (s.proxy_protocol != 0) spec["proxy_protocol"] = s.proxy_protocol;
    if (s.check.grpc) {
        spec["grpc_check"] = {
            {"interval_ns", s.check.interval.count()}, {"timeout_ns", s.check.timeout.count()}, {"port", s.check.port}};
    }
    return spec;
}

void read_spec(const json& spec, service& into)
{
    read(spec, "endpoints", into.endpoints);
    read(spec, "pass_host", into.pass_host);
    if (spec.value("tls", false)) into.scheme = scheme::https;  // so said snapshots before there were schemes
    read_name(spec, "scheme", scheme_names, into.scheme);
    read(spec, "transport", into.transport);
    auto version = spec.value("proxy_protocol", std::int64_t{0});
    if (version < 0 || version > 2)
        throw std::invalid_argument("there is no PROXY protocol " + std::to_string(version));
    into.proxy_protocol = static_cast<int>(version);
    if (auto check = spec.find("grpc_check"); check != spec.end()) {
        health_check standard;
        into.check.grpc = true;
        into.check.interval = duration(check->value("interval_ns", standard.interval.count()));
        into.check.timeout = duration(check->value("timeout_ns", standard.timeout.count()));
        into.check.port = port_in(*check);
    }
    read(spec, "source", into.source);
}

json spec_of(const tls_options& o)
{
    json spec{{"source", o.source}};
    tls_options standard;
    if (o.lowest != standard.lowest) spec["lowest"] = name_in(version_names, o.lowest);
    if (o.highest != standard.highest) spec["highest"] = name_in(version_names, o.highest);
    write(spec, "cipher_suites", o.cipher_suites);
    write(spec, "curves", o.curves);
    write(spec, "protocols", o.protocols);
    if (o.strict_names) spec["strict_names"] = true;
    if (o.clients != standard.clients) spec["clients"] = name_in(client_auth_names, o.clients);
    write(spec, "client_ca_pem", o.client_ca_pem);
    return spec;
}

void read_spec(const json& spec, tls_options& into)
{
    read_name(spec, "lowest", version_names, into.lowest);
    read_name(spec, "highest", version_names, into.highest);
    read(spec, "cipher_suites", into.cipher_suites);
    read(spec, "curves", into.curves);
    read(spec, "protocols", into.protocols);
    read(spec, "strict_names", into.strict_names);
    read_name(spec, "clients", client_auth_names, into.clients);
    read(spec, "client_ca_pem", into.client_ca_pem);
    read(spec, "source", into.source);
}

json spec_of(const transport& t)
{
    json spec{{"source", t.source}};
    write(spec, "server_name", t.server_name);
    write(spec, "ca_pem", t.ca_pem);
    write(spec, "chain_pem", t.chain_pem);
    write(spec, "key_pem", t.key_pem);
    write(spec, "ca_file", t.ca_file);
    write(spec, "chain_file", t.chain_file);
    write(spec, "key_file", t.key_file);
    if (!t.verify) spec["verify"] = false;
    if (!t.http2) spec["http2"] = false;
    return spec;
}

void read_spec(const json& spec, transport& into)
{
    read(spec, "server_name", into.server_name);
    read(spec, "ca_pem", into.ca_pem);
    read(spec, "chain_pem", into.chain_pem);
    read(spec, "key_pem", into.key_pem);
    read(spec, "ca_file", into.ca_file);
    read(spec, "chain_file", into.chain_file);
    read(spec, "key_file", into.key_file);
    read(spec, "verify", into.verify);
    read(spec, "http2", into.http2);
    read(spec, "source", into.source);
}

json spec_of(const endpoint& e)
{
    json spec{{"host", e.host}, {"port", e.port}, {"ready", name_of(e.ready)}, {"source", e.source}};
    if (e.draining) spec["draining"] = true;
    return spec;
}

void read_spec(const json& spec, endpoint& into)
{
    read(spec, "host", into.host);
    into.port = port_in(spec);
    read_name(spec, "ready", readiness_names, into.ready);
    read(spec, "draining", into.draining);
    read(spec, "source", into.source);
}

json spec_of(const certificate& c)
{
    json spec{{"names", c.names}};
    write(spec, "chain_pem", c.chain_pem);
    write(spec, "key_pem", c.key_pem);
    write(spec, "chain_file", c.chain_file);
    write(spec, "key_file", c.key_file);
    if (c.fallback) spec["fallback"] = true;
    if (c.is_default) spec["is_default"] = true;
    return spec;
}

void read_spec(const json& spec, certificate& into)
{
    read(spec, "names", into.names);
    read(spec, "chain_pem", into.chain_pem);
    read(spec, "key_pem", into.key_pem);
    read(spec, "chain_file", into.chain_file);
    read(spec, "key_file", into.key_file);
    read(spec, "fallback", into.fallback);
    read(spec, "is_default", into.is_default);
}

json spec_of(const challenge& c)
{
    json spec{{"type", name_in(challenge_names, c.kind)}, {"name", c.name}};
    write(spec, "token", c.token);
    write(spec, "key_authorization", c.key_authorization);
    write(spec, "chain_pem", c.chain_pem);
    write(spec, "key_pem", c.key_pem);
    return spec;
}

void read_spec(const json& spec, challenge& into)
{
    read_name(spec, "type", challenge_names, into.kind);
    read(spec, "name", into.name);
    read(spec, "token", into.token);
    read(spec, "key_authorization", into.key_authorization);
    read(spec, "chain_pem", into.chain_pem);
    read(spec, "key_pem", into.key_pem);
}

}  // namespace lintel::model
