#include "discovery/labels.hpp"

#include "base/text.hpp"
#include "discovery/label_reading.hpp"

namespace lintel::discovery {

namespace {

const std::string* find_label(const label_map& labels, const std::string& key)
{
    auto found = labels.find(key);
    return found == labels.end() ? nullptr : &found->second;
}

/// A slash separates the app from the name in ids.
bool is_app_name(std::string_view text)
{
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '/' && c != ':'; });
}

std::string names_of(const std::vector<container::network>& networks)
{
    std::vector<std::string> names;
    for (const auto& network : networks) names.push_back(network.name);
    return names.empty() ? "none" : text::join(names, ", ");
}

const std::string& address_in(const container::network& network)
{
    return network.ipv4.empty() ? network.ipv6 : network.ipv4;
}

/// Letters and digits stay, every other run becomes one "-", none at the ends.
std::string normalised(std::string_view name)
{
    std::string out;
    bool gap = false;
    for (char c : name) {
        if (!text::is_alnum(c)) {
            gap = true;
            continue;
        }
        if (gap && !out.empty()) out += '-';
        gap = false;
        out += c;
    }
    return out;
}

}  // namespace

bool has_routing_labels(const label_map& labels)
{
    const auto* one_off = find_label(labels, "com.docker.compose.oneoff");
    if (one_off && text::equal_caseless(*one_off, "true")) return false;
    return std::ranges::any_of(labels, [](const auto& label) {
        auto root = std::string_view(label.first).substr(0, label.first.find('.'));
        return root == "lintel" || text::equal_caseless(root, "traefik");
    });
}

fragment read_labels(const container& from, const engine_settings& settings)
{
    label_reading reading(from, settings);
    read_lintel_labels(reading);
    read_traefik_labels(reading);
    if (reading.has_ask() && !reading.ask_was_given())
        reading.report("lintel.tls.ask", std::string(ask_of_named_hosts));
    return reading.take();
}

std::string default_service_name(const container& from)
{
    const auto* service = find_label(from.labels, "com.docker.compose.service");
    const auto* project = find_label(from.labels, "com.docker.compose.project");
    return normalised(service && project ? *service + '-' + *project : from.name);
}

label_reading::label_reading(const container& from, const engine_settings& settings) : from_(from), settings_(settings)
{
    out_.provider = "docker";
    out_.app = find_app();
    out_.source = "container " + from.name + " (" + from.short_id() + ')';
    out_.since = from.created;
    address_ = find_address();
}

const std::string* label_reading::label(const std::string& key) const { return find_label(from_.labels, key); }

const std::string* label_reading::label_caseless(std::string_view key) const
{
    auto same = [&](const auto& each) { return text::equal_caseless(each.first, key); };
    auto found = std::ranges::find_if(from_.labels, same);
    return found == from_.labels.end() ? nullptr : &found->second;
}

void label_reading::report(std::string_view label, std::string what)
{
    out_.problems.push_back({std::string(label), std::move(what)});
}

void label_reading::add(declared_router router)
{
    router.spec.source = out_.source;
    router.spec.options = options_;
    if (has_ask() && !router.spec.redirect_to_https && is_for_any_host(router.spec.rule)) {
        router.spec.ask = ask_;
        ask_given_ = true;
    }
    out_.routers.push_back(std::move(router));
}

void label_reading::add(declared_tcp_router router)
{
    router.spec.source = out_.source;
    out_.tcp_routers.push_back(std::move(router));
}

void label_reading::add(declared_service service, std::optional<std::uint16_t> port)
{
    complete(service, port);
    out_.services.push_back(std::move(service));
}

void label_reading::add_tcp(declared_service service, std::optional<std::uint16_t> port)
{
    complete(service, port);
    out_.tcp_services.push_back(std::move(service));
}

/// Says whose it is, and gives it its endpoint where it has one.
void label_reading::complete(declared_service& service, std::optional<std::uint16_t> port)
{
    bool running = from_.state == container::status::running || from_.state == container::status::paused;
    bool reachable = !address_.empty() || !running;  // what doesn't run has no address, and its endpoint says so
    service.spec.source = out_.source;
    if (port && reachable) {
        auto id = from_.id + ':' + std::to_string(*port);
        add_endpoint(id, *port);
        service.spec.endpoints.push_back(std::move(id));
    }
}

void label_reading::add_endpoint(const std::string& id, std::uint16_t port)
{
    auto known = std::ranges::find(out_.endpoints, id, &named<model::endpoint>::name);
    if (known != out_.endpoints.end()) return;
    model::endpoint endpoint;
    endpoint.host = address_;
    endpoint.port = port;
    endpoint.ready = readiness_of(from_);
    endpoint.draining = from_.draining;
    endpoint.source = out_.source;
    out_.endpoints.push_back({id, std::move(endpoint)});
}

std::optional<std::uint16_t> label_reading::port_from(const std::string& label_key)
{
    if (const auto* written = label(label_key)) {
        auto number = text::parse_decimal(text::trim(*written));
        if (number && *number > 0 && *number <= 65535) return static_cast<std::uint16_t>(*number);
        report(label_key, '"' + text::printable(*written, 40) + "\" is not a port; write a number from 1 to 65535");
    }
    if (!from_.tcp_ports.empty()) return from_.tcp_ports.front();
    report(label_key, "the container exposes no TCP port; name the one that it listens on with this label");
    return {};
}

std::string label_reading::find_app()
{
    if (const auto* written = label("lintel.app")) {
        if (is_app_name(*written)) return *written;
        report("lintel.app", '"' + text::printable(*written, 40) +
                                 "\" is not a name for an app, ignored; write one word without / and :");
    }
    for (const auto* key :
         {"com.docker.compose.project", "com.docker.stack.namespace", "com.docker.swarm.service.name"}) {
        if (const auto* value = label(key); value && is_app_name(*value)) return *value;
    }
    return "";
}

std::string label_reading::find_address()
{
    if (from_.network_mode == "host") return "127.0.0.1";
    const auto* network = find_network();
    if (network) return address_in(*network);
    if (from_.state != container::status::running) return "";
    auto why = from_.unreachable.empty() ? "the container has no address in any network; connect it to one"
                                         : from_.unreachable;
    report("lintel.network", why);
    return "";
}

/// The network that the label names, else the one that the settings prefer, else the first that has an address.
const container::network* label_reading::find_network()
{
    auto find = [&](const std::string& name) -> const container::network* {
        auto found = std::ranges::find(from_.networks, name, &container::network::name);
        return found == from_.networks.end() || address_in(*found).empty() ? nullptr : &*found;
    };
    bool running = from_.state == container::status::running;
    for (const auto* key : {"lintel.network", "traefik.docker.network", "traefik.swarm.network"}) {
        const auto* wanted = label_caseless(key);
        if (!wanted) continue;
        if (const auto* network = find(*wanted)) return network;
        if (running) {
            report(key, "the container has no address in network " + text::printable(*wanted, 80) +
                            "; its networks are " + names_of(from_.networks));
        }
    }
    if (const auto* network = find(settings_.network)) return network;
    auto first = std::ranges::find_if(from_.networks, [](const auto& each) { return !each.ipv4.empty(); });
    if (first == from_.networks.end()) {
        first = std::ranges::find_if(from_.networks, [](const auto& each) { return !each.ipv6.empty(); });
    }
    return first == from_.networks.end() ? nullptr : &*first;
}

}  // namespace lintel::discovery
