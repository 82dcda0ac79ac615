#include "app/settings.hpp"

#include "app/certificate_settings.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "net/address.hpp"

#include <unistd.h>

namespace lintel::app {

namespace {

using std::string;
using std::string_view;

string read_into(duration& target, string_view text)
{
    auto value = units::parse_duration(text);
    if (!value) return "is not a duration such as 250ms, 10s or 1m30s";
    target = *value;
    return "";
}

string read_into(bool& target, string_view text)
{
    if (text != "true" && text != "false") return "is neither true nor false";
    target = text == "true";
    return "";
}

string read_into(std::size_t& target, string_view text, std::size_t least, std::size_t most)
{
    auto value = text::parse_decimal(text);
    if (!value || *value < least || *value > most) {
        return "is not a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    }
    target = *value;
    return "";
}

string read_bytes_into(std::size_t& target, string_view text)
{
    auto value = units::parse_bytes(text);
    if (!value) return "is not a size such as 64KiB or 1048576";
    target = *value;
    return "";
}

model::entrypoint& entrypoint_named(settings& all, string_view name)
{
    for (auto& each : all.entrypoints) {
        if (each.name == name) return each;
    }
    all.entrypoints.push_back({.name = string(name), .address = ""});
    return all.entrypoints.back();
}

string set_address(settings& all, string_view name, string_view text)
{
    if (auto parsed = net::parse_host_port(text); !parsed) return ": " + parsed.error().what;
    entrypoint_named(all, name).address = text;
    return "";
}

string add_proxy_network(model::entrypoint& into, string_view text)
{
    if (auto set = net::network_set::parse({string(text)}); !set) return ": proxy_protocol_from: " + set.error().what;
    into.proxy_protocol_from.emplace_back(text);
    return "";
}

/// What follows the address of an entrypoint after a +. Returns what is wrong with it.
string read_entrypoint_part(model::entrypoint& into, string_view part)
{
    auto sign = part.find('=');
    auto key = part.substr(0, sign), value = sign == part.npos ? "" : part.substr(sign + 1);
    if (part == "tls") return into.tls = true, "";
    if (key == "proxy_protocol_from") return add_proxy_network(into, value);
    if (key == "public" || sign == part.npos) {
        auto port = text::parse_decimal(value);
        bool right = key == "public" && port && *port > 0 && *port < 65536;
        if (right) return into.public_port = static_cast<std::uint16_t>(*port), "";
        return "has an unknown part +" + text::printable(part) +
               "; known are +tls, +public=PORT, +proxy_protocol_from=NETWORK and options such as +idle_timeout=30s";
    }
    if (auto wrong = model::wrong_with(model::option_place::entrypoint, key, value); !wrong.empty())
        return ": " + wrong;
    into.options[string(key)] = value;
    return "";
}

/// "NAME=ADDR[+tls][+public=PORT][+proxy_protocol_from=NETWORK…][+OPTION=VALUE]", separated by commas.
string read_entrypoints(settings& all, string_view text)
{
    for (auto item : text::split_list(text)) {
        auto equals = item.find('=');
        if (equals == 0 || equals == item.npos) return "is not NAME=ADDR:PORT[+tls][+public=PORT][+OPTION=VALUE]";
        auto name = model::canonical_entrypoint(item.substr(0, equals));
        auto parts = text::split(item.substr(equals + 1), '+');
        if (auto wrong = set_address(all, name, parts.front()); !wrong.empty()) return wrong;
        for (auto part : std::span(parts).subspan(1)) {
            auto wrong = read_entrypoint_part(entrypoint_named(all, name), part);
            if (!wrong.empty()) return wrong;
        }
    }
    if (entrypoint_named(all, "http").tls) return "gives TLS to http, which speaks clear text; name another entrypoint";
    return "";
}

string read_engine(settings& all, string_view text)
{
    if (text == "off") {
        all.engine_socket.clear();
        return "";
    }
    constexpr string_view scheme = "unix://";
    if (!text.starts_with(scheme) || !text.substr(scheme.size()).starts_with("/"))
        return "is neither off nor unix:///path/of/the.sock";
    all.engine_socket = text.substr(scheme.size());
    return "";
}

string read_trusted(settings& all, string_view text)
{
    std::vector<string> networks;
    for (auto item : text::split_list(text)) networks.emplace_back(item);
    auto set = net::network_set::parse(networks);
    if (!set) return ": " + set.error().what;
    all.edge.trusted_proxies = std::move(*set);
    return "";
}

string read_level(settings& all, string_view text)
{
    constexpr std::array names{"debug", "info", "warn", "error"};
    auto found = std::ranges::find(names, text);
    if (found == names.end()) return "is not debug, info, warn or error";
    all.log_level = static_cast<log::level>(found - names.begin());
    return "";
}

string read_format(settings& all, string_view text)
{
    if (text != "auto" && text != "human" && text != "json") return "is not auto, human or json";
    bool json = text == "json" || (text == "auto" && ::isatty(STDERR_FILENO) == 0);
    all.log_format = json ? log::format::json : log::format::human;
    return "";
}

string read_underscores(settings& all, string_view text)
{
    using policy = http::underscores;
    if (text != "drop" && text != "pass" && text != "reject") return "is not drop, pass or reject";
    all.edge.head.underscores = text == "drop" ? policy::drop : text == "pass" ? policy::pass : policy::reject;
    return "";
}

string set_http(settings& all, string_view key, string_view text) { return model::set(all.edge.http, key, text); }

constexpr std::array table{
    option{"http", "ADDR:PORT", ":80", "where plain HTTP is served (entrypoint http, alias web)",
           [](settings& s, string_view t) { return set_address(s, "http", t); }},
    option{"https", "ADDR:PORT", ":443", "where HTTPS is served (entrypoint https, alias websecure)",
           [](settings& s, string_view t) { return set_address(s, "https", t); }},
    option{"entrypoints", "NAME=ADDR[+tls][+public=PORT],…", "",
           "more entrypoints, or a public port for http and https", read_entrypoints},
    option{"state", "DIR", "/var/lib/lintel", "where certificates, the local CA and the last good snapshot live",
           [](settings& s, string_view t) { return t.empty() ? string("is empty") : (s.state = t, string()); }},
    option{"routes", "PATH", "", "a file or folder in Traefik's dynamic YAML, watched",
           [](settings& s, string_view t) { return s.routes = t, string(); }},
    option{"engine", "unix:///PATH|off", "unix:///var/run/docker.sock",
           "the container engine's socket (Docker, Podman)", read_engine},
    option{"network", "NAME", "", "the engine's network to prefer where a container has several",
           [](settings& s, string_view t) { return s.network = t, string(); }},
    option{"exposed_by_default", "true|false", "true",
           "serve containers with Traefik labels but without traefik.enable=true",
           [](settings& s, string_view t) { return read_into(s.exposed_by_default, t); }},
    option{"workers", "N", "", "threads that serve; one per CPU unless given",
           [](settings& s, string_view t) { return read_into(s.edge.workers, t, 1, 256); }},
    option{"access_log", "PATH|off|-", "off", "one JSON line per request or TCP connection; - is standard output",
           [](settings& s, string_view t) { return s.access_log = t, string(); }},
    option{"log_level", "LEVEL", "info", "debug, info, warn or error", read_level},
    option{"log_format", "FORMAT", "auto", "human, json, or auto: human on a terminal", read_format},
    option{"trusted_proxies", "CIDR,…", "", "whose X-Forwarded-* fields are believed", read_trusted},
    option{"dns", "ADDR[:PORT],…", "", "name servers for endpoints' names; those of /etc/resolv.conf unless given",
           [](settings& s, string_view t) { return read_name_servers(s.edge.dns, t); }},
    option{"edge_user", "NAME|UID", "", "whom the edge runs as when started by root; lintel if it exists, else 65532",
           [](settings& s, string_view t) { return s.edge_user = t, string(); }},
    option{"drain_timeout", "TIME", "30s", "how long requests may finish after SIGTERM",
           [](settings& s, string_view t) { return read_into(s.drain_timeout, t); }},
    option{"head_timeout", "TIME", "15s", "for a whole request head",
           [](settings& s, string_view t) { return set_http(s, "head_timeout", t); }},
    option{"handshake_timeout", "TIME", "10s", "for a TLS handshake, or the name in one that is passed on",
           [](settings& s, string_view t) { return read_into(s.edge.tls_handshake, t); }},
    option{"idle_timeout", "TIME", "75s", "between two requests of a client connection; 0 = none",
           [](settings& s, string_view t) { return set_http(s, "idle_timeout", t); }},
    option{"body_timeout", "TIME", "30s", "how far a request body may fall behind body_rate; 0 = any",
           [](settings& s, string_view t) { return set_http(s, "body_timeout", t); }},
    option{"body_rate", "SIZE", "256", "bytes a second that a request body must reach; 0 = any",
           [](settings& s, string_view t) { return set_http(s, "body_rate", t); }},
    option{"body_limit", "SIZE", "0", "of a request body; 0 = none",
           [](settings& s, string_view t) { return set_http(s, "body_limit", t); }},
    option{"write_timeout", "TIME", "1m", "for a client to take more of a response; 0 = none",
           [](settings& s, string_view t) { return set_http(s, "write_timeout", t); }},
    option{"connect_timeout", "TIME", "5s",
           "for an endpoint to take a connection, its name's resolution and TLS included",
           [](settings& s, string_view t) { return set_http(s, "connect_timeout", t); }},
    option{"retry_timeout", "TIME", "10s", "no further try of a request begins later than this; 0 = no bound",
           [](settings& s, string_view t) { return set_http(s, "retry_timeout", t); }},
    option{"first_byte_timeout", "TIME", "1m", "for an endpoint to begin its answer; 0 = none",
           [](settings& s, string_view t) { return set_http(s, "first_byte_timeout", t); }},
    option{"between_bytes_timeout", "TIME", "1m", "for an endpoint to go on with its answer; 0 = none",
           [](settings& s, string_view t) { return set_http(s, "between_bytes_timeout", t); }},
    option{"tunnel_idle_timeout", "TIME", "0",
           "for either side of a WebSocket or TCP connection to say anything; 0 = none",
           [](settings& s, string_view t) { return set_http(s, "tunnel_idle_timeout", t); }},
    option{"requests_per_connection", "N", "1000000", "after which a client connection closes",
           [](settings& s, string_view t) { return set_http(s, "requests_per_connection", t); }},
    option{"path", "normal|as-is", "normal", "match and forward paths in their normal form, or as received",
           [](settings& s, string_view t) { return set_http(s, "path", t); }},
    option{"encoded_slashes", "pass|reject", "pass", "what becomes of %2F and %5C in paths",
           [](settings& s, string_view t) { return set_http(s, "encoded_slashes", t); }},
    option{"trace", "reject|allow", "reject", "what becomes of TRACE requests",
           [](settings& s, string_view t) { return set_http(s, "trace", t); }},
    option{"h2c", "reject|allow", "reject", "HTTP/2 in clear text, with prior knowledge",
           [](settings& s, string_view t) { return set_http(s, "h2c", t); }},
    option{"head_limit", "SIZE", "32KiB", "of a request head",
           [](settings& s, string_view t) { return read_bytes_into(s.edge.head.head_bytes, t); }},
    option{"target_limit", "SIZE", "8KiB", "of a request target",
           [](settings& s, string_view t) { return read_bytes_into(s.edge.head.target_bytes, t); }},
    option{"field_limit", "N", "100", "fields of a request head",
           [](settings& s, string_view t) { return read_into(s.edge.head.fields, t, 1, 1000); }},
    option{"underscores", "drop|pass|reject", "drop", "what becomes of request fields with _ in their names",
           read_underscores},
    option{
        "max_connections", "N", "",
        "client connections at once; three quarters of the file descriptors, one per 64 KiB of memory at most, unless "
        "given",
        [](settings& s, string_view t) { return read_into(s.edge.max_connections, t, 1, 10'000'000); }},
    option{"max_connections_per_client", "N", "",
           "of one IPv4 address or IPv6 /64 network; half of max_connections unless given",
           [](settings& s, string_view t) { return read_into(s.edge.max_connections_per_client, t, 1, 10'000'000); }},
    option{"max_heads", "N", "4096", "connections at once that have sent a part of a request head",
           [](settings& s, string_view t) { return read_into(s.edge.max_heads, t, 1, 10'000'000); }},
    option{"max_handshakes", "N", "1024", "TLS handshakes at once; new connections beyond are closed",
           [](settings& s, string_view t) { return read_into(s.edge.max_handshakes, t, 1, 10'000'000); }},
    option{"max_uploads_per_service", "N", "90", "request bodies at once that stream to one service; more wait",
           [](settings& s, string_view t) { return read_into(s.edge.max_uploads_per_service, t, 1, 1'000'000); }},
    option{"pooled_per_endpoint", "N", "64", "idle connections to an endpoint, per worker",
           [](settings& s, string_view t) { return read_into(s.edge.pooled_per_endpoint, t, 0, 100'000); }},
    option{"h2_connections_per_endpoint", "N", "4", "connections of HTTP/2 to an endpoint, per worker",
           [](settings& s, string_view t) { return read_into(s.edge.h2_connections_per_endpoint, t, 1, 1'000); }},
    option{"pooled_idle", "TIME", "55s", "how long an idle connection to an endpoint is kept",
           [](settings& s, string_view t) { return read_into(s.edge.pooled_idle, t); }},
    option{"email", "ADDRESS", "", "where CAs reach you; it says yes to their terms, too", read_email},
    option{"accept_terms", "true|false", "false", "say yes to the terms of the CAs without an e-mail address",
           [](settings& s, string_view t) { return read_into(s.certificates.accept_terms, t); }},
    option{"issuers", "YAML", "", "CAs by name, and how each is used: see below",
           [](settings&, string_view) { return string(); }},  // complete_certificates() reads it
    option{"default_issuers", "NAME,…", "letsencrypt", "who is asked for a certificate, in turn; none where empty",
           read_default_issuers},
    option{"resolvers", "NAME=ISSUER[+ISSUER],…", "", "who is meant by Traefik's certresolver names", read_resolvers},
    option{"host_issuers", "HOST=ISSUER[+ISSUER],…", "",
           "who is asked for a host, or those of *.x, in place of default_issuers", read_host_issuers},
    option{"preflight", "require|advise|off", "advise",
           "whether a name must be seen to lead here before a CA is asked; advise stops at a wrong answer only",
           read_preflight},
    option{"certificate_dns", "ADDR[:PORT],…", "",
           "name servers for preflight and DNS-01; those of /etc/resolv.conf unless given",
           [](settings& s, string_view t) { return read_name_servers(s.certificates.name_servers, t); }},
    option{"challenge_http_port", "PORT", "80", "where CAs knock for HTTP-01, as the world sees it",
           [](settings& s, string_view t) { return read_port(s.certificates.http_port, t); }},
    option{"challenge_tls_port", "PORT", "443", "where CAs knock for TLS-ALPN-01, as the world sees it",
           [](settings& s, string_view t) { return read_port(s.certificates.tls_port, t); }},
    option{"import", "PATH,…", "", "Traefik's acme.json or Caddy's folder: certificates that are taken over at start",
           read_imports},
};

string spelled(string_view key, char separator, bool upper)
{
    string out(key);
    for (char& c : out) {
        if (c == '_') c = separator;
        if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

}  // namespace

std::span<const option> options() { return table; }

const option* find_option(string_view key)
{
    auto found = std::ranges::find(table, key, &option::key);
    return found == table.end() ? nullptr : &*found;
}

string flag_of(const option& which) { return "--" + spelled(which.key, '-', false); }
string variable_of(const option& which) { return "LINTEL_" + spelled(which.key, '_', true); }

std::expected<settings, std::vector<problem>> build(const chosen_settings& chosen)
{
    settings all;
    std::vector<problem> problems;
    all.entrypoints = {{.name = "http", .address = ""}, {.name = "https", .address = "", .tls = true}};
    all.edge.workers = std::max<std::size_t>(1, static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
    for (const auto& each : table) {
        auto found = chosen.find(string(each.key));
        bool given = found != chosen.end();
        string_view text = given ? string_view(found->second.text) : each.standard;
        if (!given && text.empty()) continue;
        if (auto wrong = each.apply(all, text); !wrong.empty()) {
            auto glue = wrong.starts_with(':') ? "" : " ";
            problems.push_back({given ? found->second.where : string(each.key),
                                string(each.key) + ": " + text::printable(text) + glue + wrong});
        }
    }
    for (auto& each : complete_certificates(all, chosen)) problems.push_back(std::move(each));
    if (all.entrypoints.size() > proxy::most_entrypoints) {
        auto most = std::to_string(proxy::most_entrypoints);
        problems.push_back({"entrypoints", "more than " + most + " entrypoints; " + most + " is the most"});
    }
    if (!problems.empty()) return std::unexpected(std::move(problems));
    all.edge.entrypoints = all.entrypoints;
    return all;
}

}  // namespace lintel::app
