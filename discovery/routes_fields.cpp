#include "discovery/routes_reading.hpp"

#include "base/text.hpp"
#include "discovery/traefik_words.hpp"
#include "model/rule.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

/// A value with the path of its keys below a router's or service's name, in lower case: "tls.certresolver".
struct field {
    std::string path;
    YAML::Node key;
    YAML::Node value;
};
using fields = std::vector<field>;

constexpr int limit_depth = 6;
constexpr std::size_t limit_fields = 256;  // anchors may make a short file endless

/// Lists are values, and so are empty maps (`tls: {}`).
void collect(const YAML::Node& map, const std::string& prefix, int depth, fields& into)
{
    for (const auto& member : map) {
        if (into.size() >= limit_fields) return;
        auto path = prefix + text::lower(member.first.IsScalar() ? member.first.Scalar() : "?");
        bool inner = member.second.IsMap() && member.second.size() > 0;
        if (!inner)
            into.push_back({path, member.first, member.second});
        else if (depth < limit_depth)
            collect(member.second, path + '.', depth + 1, into);
    }
}

fields fields_of(const YAML::Node& node)
{
    fields all;
    if (node.IsMap()) collect(node, "", 1, all);
    return all;
}

const field* find(const fields& all, std::string_view path)
{
    auto found = std::ranges::find(all, path, &field::path);
    return found == all.end() ? nullptr : &*found;
}

/// In YAML a service has a list of servers where labels have one.
traefik::use service_use(std::string_view path)
{
    if (path == "loadbalancer.servers") return traefik::use::applied;
    return path.starts_with("loadbalancer.server.") ? traefik::use::unknown : traefik::service_use(path);
}

std::string service_hint(std::string_view path, std::string_view prefix)
{
    static const std::vector<std::string> servers{"loadbalancer.servers"};
    return text::nearest(path, servers).empty() ? traefik::service_hint(path, prefix)
                                                : "did you mean loadBalancer.servers?";
}

void report_fields(routes_reading& reading, const fields& all, traefik::use (*use_of)(std::string_view),
                   std::string (*hint)(std::string_view, std::string_view))
{
    for (const auto& each : all) {
        auto use = use_of(each.path);
        if (use == traefik::use::later) reading.report(each.key, each.path + " is not supported yet, ignored");
        if (use == traefik::use::unknown) {
            reading.report(each.key,
                           "unknown key " + text::printable(each.path, 80) + ", ignored; " + hint(each.path, ""));
        }
    }
}

/// What must be there for the router to be served at all.
std::optional<std::string> required(routes_reading& reading, const YAML::Node& router, const fields& all,
                                    const std::string& path)
{
    const auto* written = find(all, path);
    auto value = written ? reading.text(written->value) : std::nullopt;
    if (value && !value->empty()) return value;
    reading.report(written ? written->key : router, "the router has no " + path + ", so it is left out");
    return {};
}

std::optional<std::string> rule_of(routes_reading& reading, const YAML::Node& router, const fields& all)
{
    if (const auto* syntax = find(all, "rulesyntax");
        syntax && !text::equal_caseless(reading.text(syntax->value).value_or(""), "v3")) {
        reading.report(syntax->key, "only the rule syntax v3 is supported, so this router is left out");
        return {};
    }
    auto rule = required(reading, router, all, "rule");
    if (!rule) return {};
    auto tree = model::parse_rule(*rule);
    if (tree) return rule;
    reading.report(find(all, "rule")->value,
                   tree.error().where + " of the rule: " + tree.error().what + "; this router is left out");
    return {};
}

/// Something that may restrict access and can't be read: middlewares in another shape than a list of names, merge keys
/// (which yaml-cpp doesn't apply), or more keys than are looked at. Null when there is none.
const field* unreadable_restriction(routes_reading& reading, const fields& all)
{
    if (all.size() >= limit_fields) return &all.back();
    for (const auto& each : all) {
        bool merge_key = each.path == "<<" || each.path.starts_with("<<.") || each.path.find(".<<") != each.path.npos;
        bool nested = each.path.starts_with("middlewares.");
        bool empty = each.value.IsNull() || ((each.value.IsSequence() || each.value.IsMap()) && each.value.size() == 0);
        bool unread = each.path == "middlewares" && !empty && reading.list(each.value).empty();
        if (merge_key || nested || unread) return &each;
    }
    return nullptr;
}

std::string refusal_of(routes_reading& reading, const fields& all)
{
    std::string refusal;
    auto close = [&](const field& because, std::string_view kind, const std::vector<std::string>& names) {
        auto why = traefik::refusal(kind, names);
        reading.report(because.key, why);
        if (refusal.empty()) refusal = std::move(why);
    };
    if (const auto* middlewares = find(all, "middlewares")) {
        auto names = reading.list(middlewares->value);
        if (!names.empty()) close(*middlewares, "middleware", names);
    }
    if (const auto* options = find(all, "tls.options")) {
        auto name = reading.text(options->value);
        if (!name || *name != "default") close(*options, "TLS option", {name.value_or(options->path)});
    }
    if (const auto* unread = unreadable_restriction(reading, all)) close(*unread, "the key", {unread->path});
    return refusal;
}

/// `tls: {}`, `tls:` and anything below it ask for TLS; only a plain "no" doesn't.
bool wants_tls(const fields& all)
{
    return std::ranges::any_of(all, [](const field& each) {
        bool off = each.value.IsScalar() && traefik::parse_bool(each.value.Scalar()) == false;
        return (each.path == "tls" && !off) || each.path.starts_with("tls.");
    });
}

std::int64_t priority_of(routes_reading& reading, const fields& all)
{
    const auto* written = find(all, "priority");
    if (!written) return 0;
    auto value = traefik::parse_priority(reading.text(written->value).value_or(""));
    if (!value) reading.report(written->value, "the priority is not a whole number, ignored");
    return value.value_or(0);
}

bool passes_host(routes_reading& reading, const fields& all)
{
    const auto* written = find(all, "loadbalancer.passhostheader");
    if (!written) return true;
    auto value = traefik::parse_bool(reading.text(written->value).value_or(""));
    if (!value) reading.report(written->value, "neither true nor false, ignored");
    return value.value_or(true);
}

/// "http://HOST:PORT", taken apart.
struct server_url {
    std::string scheme;
    std::string host;
    std::uint16_t port = 80;
    bool bare = true;  ///< neither path nor query
};

std::optional<server_url> parse_server_url(std::string_view text)
{
    server_url url;
    auto scheme = text.find("://");
    if (scheme == std::string_view::npos) return {};
    url.scheme = text::lower(text.substr(0, scheme));
    text.remove_prefix(scheme + 3);
    auto authority = text.substr(0, text.find_first_of("/?#"));
    auto rest = text.substr(authority.size());
    url.bare = rest.empty() || rest == "/";
    auto colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
        auto port = text::parse_decimal(authority.substr(colon + 1));
        if (!port || *port == 0 || *port > 65535) return {};
        url.port = static_cast<std::uint16_t>(*port);
        authority = authority.substr(0, colon);
    }
    auto host = model::canonical_host(authority);
    if (!host) return {};
    url.host = host->starts_with('[') ? host->substr(1, host->size() - 2) : *host;
    return url;
}

class service_reader {
public:
    service_reader(routes_reading& reading, const std::string& name) : reading_(reading)
    {
        service_.name = name;
        service_.spec.source = reading.out().source;
    }

    void read(const YAML::Node& node)
    {
        auto all = fields_of(node);
        report_fields(reading_, all, service_use, service_hint);
        service_.spec.pass_host = passes_host(reading_, all);
        if (const auto* middlewares = find(all, "middlewares")) {
            auto names = reading_.list(middlewares->value);
            if (!names.empty()) close(middlewares->key, traefik::refusal("middleware", names));
        }
        if (const auto* unread = unreadable_restriction(reading_, all)) {
            close(unread->key, traefik::refusal("the key", std::vector{unread->path}));
        }
        const auto* servers = find(all, "loadbalancer.servers");
        bool balances =
            std::ranges::any_of(all, [](const field& each) { return each.path.starts_with("loadbalancer"); });
        if (!balances)
            close(node, "a service without loadBalancer is not supported yet, so routers that use it are closed");
        if (servers) read_servers(servers->value);
        reading_.out().services.push_back(std::move(service_));
    }

private:
    void close(const YAML::Node& because, std::string why)
    {
        reading_.report(because, why);
        if (service_.refusal.empty()) service_.refusal = std::move(why);
    }

    void read_servers(const YAML::Node& servers)
    {
        if (servers.IsNull()) return;
        if (!servers.IsSequence()) return reading_.report(servers, "ignored; a list of servers is expected here");
        for (const auto& server : servers) {
            if (reading_.is_map(server)) read_server(server);
        }
    }

    void read_server(const YAML::Node& server)
    {
        static const std::vector<std::string> known{"url"};
        YAML::Node url;
        for (const auto& member : server) {
            auto key = text::lower(member.first.IsScalar() ? member.first.Scalar() : "");
            if (key == "url")
                url.reset(member.second);
            else if (key == "weight" || key == "preservepath")
                reading_.report(member.first, key + " is not supported yet, ignored");
            else
                reading_.report_unknown(member.first, known);
        }
        if (!url.IsScalar()) return reading_.report(server, "ignored; a server has a url such as http://app:3000");
        add_endpoint(url);
    }

    void add_endpoint(const YAML::Node& node)
    {
        auto written = std::string(text::trim(node.Scalar()));
        auto url = parse_server_url(written);
        auto shown = '"' + text::printable(written, 100) + '"';
        if (!url)
            return reading_.report(node, shown + " is not a server's URL, ignored; write it like http://app:3000");
        if (url->scheme != "http") {
            return close(node, "the scheme " + text::printable(url->scheme, 20) +
                                   " to a server is not supported yet, so routers that use this service are closed");
        }
        if (!url->bare)
            return reading_.report(node,
                                   shown + " has a path, which a server's URL can't have; this server is left out");
        model::endpoint endpoint;
        endpoint.host = url->host;
        endpoint.port = url->port;
        endpoint.source = reading_.out().source;
        service_.spec.endpoints.push_back(written);
        auto known = std::ranges::find(reading_.out().endpoints, written, &named<model::endpoint>::name);
        if (known == reading_.out().endpoints.end()) reading_.out().endpoints.push_back({written, endpoint});
    }

    routes_reading& reading_;
    declared_service service_;
};

}  // namespace

namespace {

constexpr std::string_view own_prefix = "lintel.";

/// `lintel: {first_byte_timeout: 0, …}` of a router.
model::option_texts options_of(routes_reading& reading, const fields& all)
{
    model::option_texts options;
    for (const auto& each : all) {
        if (!each.path.starts_with(own_prefix)) continue;
        auto value = reading.text(each.value);
        if (!value) continue;
        auto key = each.path.substr(own_prefix.size());
        auto wrong = model::wrong_with(model::option_place::route, key, *value);
        if (wrong.empty())
            options[key] = *value;
        else
            reading.report(each.key, wrong + "; ignored");
    }
    return options;
}

}  // namespace

void read_router(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    auto all = fields_of(node);
    report_fields(reading, all, traefik::router_use, traefik::router_hint);
    auto rule = rule_of(reading, node, all);
    auto service = required(reading, node, all, "service");
    if (!rule || !service) return;
    declared_router router;
    router.name = name;
    router.tls = wants_tls(all);
    router.spec.rule = std::move(*rule);
    router.spec.priority = priority_of(reading, all);
    router.spec.options = options_of(reading, all);
    if (const auto* entrypoints = find(all, "entrypoints")) router.spec.entrypoints = reading.list(entrypoints->value);
    router.spec.refusal = refusal_of(reading, all);
    if (router.spec.refusal.empty()) router.spec.service = std::move(*service);
    router.spec.source = reading.out().source;
    reading.out().routers.push_back(std::move(router));
}

void read_service(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    service_reader(reading, name).read(node);
}

}  // namespace lintel::discovery
