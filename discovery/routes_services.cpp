#include "discovery/server_address.hpp"
#include "discovery/yaml_fields.hpp"

#include "base/text.hpp"
#include "model/json.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

/// What services of both protocols share while they are read.
class service_reader {
public:
    service_reader(routes_reading& reading, const std::string& name, const YAML::Node& node)
        : reading_(reading), fields_(reading, node)
    {
        service_.name = name;
        service_.spec.source = reading.out().source;
        if (auto unread = fields_.unreadable_restriction(); !unread.empty())
            close(unread, traefik::refusal("the key", std::vector{unread}));
    }

protected:
    void close(std::string_view path, std::string why)
    {
        fields_.report(path, why);
        if (service_.refusal.empty()) service_.refusal = std::move(why);
    }

    void close(const YAML::Node& because, std::string why)
    {
        reading_.report(because, why);
        if (service_.refusal.empty()) service_.refusal = std::move(why);
    }

    void need_load_balancer()
    {
        bool balances =
            std::ranges::any_of(fields_.paths(), [](const auto& path) { return path.starts_with("loadbalancer"); });
        if (!balances)
            close("", "a service without loadBalancer is not supported yet, so routers that use it are closed");
    }

    /// Calls `read` with each server that is a map.
    template <class Read>
    void for_each_server(Read read)
    {
        const auto* servers = fields_.find("loadbalancer.servers");
        if (!servers || servers->IsNull()) return;
        if (!servers->IsSequence()) return reading_.report(*servers, "ignored; a list of servers is expected here");
        for (const auto& server : *servers) {
            if (reading_.is_map(server)) read(server);
        }
    }

    void add_endpoint(const std::string& id, std::string host, std::uint16_t port)
    {
        service_.spec.endpoints.push_back(id);
        auto& known = reading_.out().endpoints;
        if (std::ranges::find(known, id, &named<model::endpoint>::name) != known.end()) return;
        model::endpoint endpoint;
        endpoint.host = std::move(host);
        endpoint.port = port;
        endpoint.source = reading_.out().source;
        known.push_back({id, std::move(endpoint)});
    }

    static std::string shown(const std::string& written) { return '"' + text::printable(written, 100) + '"'; }

    routes_reading& reading_;
    yaml_fields fields_;
    declared_service service_;
};

class http_service_reader : service_reader {
public:
    using service_reader::service_reader;

    void read()
    {
        fields_.report_others(traefik::service_words);
        service_.spec.pass_host = fields_.flag("loadbalancer.passhostheader").value_or(true);
        read_transport();
        auto check = traefik::read_health_check(
            [this](std::string_view path) { return fields_.text(path); },
            [this](std::string_view path, std::string what) { fields_.report(path, std::move(what)); });
        service_.spec.check = check.value_or(model::health_check());
        if (auto names = fields_.middlewares(); !names.empty())
            close("middlewares", traefik::refusal("middleware", names));
        need_load_balancer();
        for_each_server([this](const YAML::Node& server) { read_server(server); });
        reading_.out().services.push_back(std::move(service_));
    }

private:
    void read_transport()
    {
        constexpr std::string_view path = "loadbalancer.serverstransport";
        const auto* written = fields_.find(path);
        if (!written || written->IsNull()) return;
        if (!written->IsScalar())
            return close(path, "the transport is not a name, so routers that use this service are closed");
        auto name = fields_.text(path).value_or("");
        if (name != traefik::default_transport) service_.spec.transport = std::move(name);
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
        read_url(url);
    }

    void read_url(const YAML::Node& node)
    {
        auto written = std::string(text::trim(node.Scalar()));
        auto url = parse_server_url(written);
        if (!url)
            return reading_.report(node,
                                   shown(written) + " is not a server's URL, ignored; write it like http://app:3000");
        auto scheme = model::scheme_named(url->scheme);
        if (!scheme) return close(node, traefik::unknown_scheme(url->scheme));
        if (!url->bare) {
            return reading_.report(
                node, shown(written) + " has a path, which a server's URL can't have; this server is left out");
        }
        bool mixed = !service_.spec.endpoints.empty() && *scheme != service_.spec.scheme;
        if (mixed) {
            return close(node,
                         "the servers of a service all have the same scheme: http, https or h2c, so routers that use "
                         "this service are closed");
        }
        service_.spec.scheme = *scheme;
        add_endpoint(written, std::move(url->host), url->port);
    }
};

class tcp_service_reader : service_reader {
public:
    using service_reader::service_reader;

    void read()
    {
        fields_.report_others(traefik::tcp_service_words);
        constexpr std::string_view transport = "loadbalancer.serverstransport";
        if (fields_.has(transport)) close(transport, std::string(traefik::no_tcp_transport));
        read_proxy_protocol();
        need_load_balancer();
        for_each_server([this](const YAML::Node& server) { read_server(server); });
        reading_.out().tcp_services.push_back(std::move(service_));
    }

private:
    /// Without it the app would take us for the client: what can't be read closes the service.
    void read_proxy_protocol()
    {
        constexpr std::string_view alone = "loadbalancer.proxyprotocol", field = "loadbalancer.proxyprotocol.version";
        if (fields_.has(field)) {
            auto version = fields_.text(field).value_or("");
            if (version != "1" && version != "2") return close(field, std::string(traefik::wrong_proxy_protocol));
            service_.spec.proxy_protocol = version == "1" ? 1 : 2;
        } else if (const auto* written = fields_.find(alone)) {
            bool off = written->IsScalar() && traefik::parse_bool(written->Scalar()) == false;
            if (!off) service_.spec.proxy_protocol = 2;
        }
    }

    void read_server(const YAML::Node& server)
    {
        static const std::vector<std::string> known{"address", "tls"};
        YAML::Node address;
        for (const auto& member : server) {
            auto key = text::lower(member.first.IsScalar() ? member.first.Scalar() : "");
            bool off = member.second.IsScalar() && traefik::parse_bool(member.second.Scalar()) == false;
            if (key == "address")
                address.reset(member.second);
            else if (key == "tls" && !off)
                close(member.first, std::string(traefik::no_tcp_tls));
            else if (key != "tls")
                reading_.report_unknown(member.first, known);
        }
        if (!address.IsScalar()) return reading_.report(server, "ignored; a server has an address such as db:5432");
        auto written = std::string(text::trim(address.Scalar()));
        auto parsed = parse_server_address(written);
        if (!parsed) {
            return reading_.report(address,
                                   shown(written) + " is not a server's address, ignored; write it like db:5432");
        }
        add_endpoint("tcp://" + written, std::move(parsed->host), parsed->port);
    }
};

}  // namespace

void read_service(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    http_service_reader(reading, name, node).read();
}

void read_tcp_service(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    tcp_service_reader(reading, name, node).read();
}

}  // namespace lintel::discovery
