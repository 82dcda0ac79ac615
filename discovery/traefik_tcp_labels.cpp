#include "base/text.hpp"
#include "discovery/traefik_sections.hpp"
#include "discovery/traefik_words.hpp"
#include "model/rule.hpp"

namespace lintel::discovery {

namespace {

using model::tcp_security;

class tcp_reader {
public:
    tcp_reader(label_reading& reading, const traefik_sections& sections)
        : reading_(reading), routers_(sections.tcp_routers), services_(sections.tcp_services)
    {
    }

    void read()
    {
        for (const auto& [name, section] : services_) declare_service(section);
        for (const auto& [name, section] : routers_) declare_router(section);
    }

private:
    void declare_service(const traefik_section& section);
    void proxy_protocol_of(const traefik_section& section, declared_service& into);

    void declare_router(const traefik_section& section);
    bool read_rule(const traefik_section& section, model::tcp_router& into);
    tcp_security security_of(const traefik_section& section);
    std::optional<std::string> service_of(const traefik_section& section);
    std::string refusal_of(const traefik_section& section, const model::tcp_router& spec);

    void close(declared_service& service, std::string where, std::string why)
    {
        reading_.report(where, why);
        if (service.refusal.empty()) service.refusal = std::move(why);
    }

    label_reading& reading_;
    const traefik_section_map& routers_;
    const traefik_section_map& services_;
    std::optional<std::optional<std::uint16_t>> default_port_;  ///< looked for once, so that a problem is reported once
};

void tcp_reader::declare_service(const traefik_section& section)
{
    declared_service service;
    service.name = section.name;
    proxy_protocol_of(section, service);
    const std::string tls = "loadbalancer.server.tls", transport = "loadbalancer.serverstransport";
    auto wanted = section.value(tls);
    if (wanted && traefik::parse_bool(*wanted) != false)
        close(service, section.where(tls), std::string(traefik::no_tcp_tls));
    if (section.value(transport)) close(service, section.where(transport), std::string(traefik::no_tcp_transport));
    reading_.add_tcp(std::move(service), reading_.port_from(section.where("loadbalancer.server.port")));
}

/// Without it the app would take us for the client: what can't be read closes the service.
void tcp_reader::proxy_protocol_of(const traefik_section& section, declared_service& into)
{
    const std::string alone = "loadbalancer.proxyprotocol", field = alone + ".version";
    if (auto version = section.value(field)) {
        if (*version == "1" || *version == "2")
            into.spec.proxy_protocol = *version == "1" ? 1 : 2;
        else
            close(into, section.where(field), std::string(traefik::wrong_proxy_protocol));
    } else if (flag_of(reading_, section, alone).value_or(false)) {
        into.spec.proxy_protocol = 2;
    }
}

void tcp_reader::declare_router(const traefik_section& section)
{
    declared_tcp_router router;
    router.name = section.name;
    auto& spec = router.spec;
    spec.security = security_of(section);
    if (!is_rule_syntax_known(reading_, section) || !read_rule(section, spec)) return;
    if (auto priority = priority_of(reading_, section); priority != 0) spec.priority = priority;
    spec.entrypoints = section.list("entrypoints");
    spec.tls_options = section.value("tls.options").value_or("");
    auto service = service_of(section);
    if (!service) return;
    router.certificate = certificate_terms_of(reading_, section);
    spec.refusal = refusal_of(section, spec);
    if (spec.refusal.empty()) spec.service = std::move(*service);
    reading_.add(std::move(router));
}

bool tcp_reader::read_rule(const traefik_section& section, model::tcp_router& into)
{
    auto rule = section.value("rule");
    if (!rule) {
        reading_.report(section.where("rule"), "a TCP router needs a rule such as HostSNI(`*`); it is left out");
        return false;
    }
    auto wrong = traefik::read_tcp_rule(*rule, into);
    if (!wrong.empty()) reading_.report(section.where("rule"), wrong + "; this router is left out");
    return wrong.empty();
}

tcp_security tcp_reader::security_of(const traefik_section& section)
{
    if (!wants_tls(reading_, section)) return tcp_security::clear;
    bool passed = flag_of(reading_, section, "tls.passthrough").value_or(false);
    return passed ? tcp_security::passed_on : tcp_security::ended;
}

/// As for HTTP: as written, else the only one of the container, else one that nobody wrote down, named by the router.
std::optional<std::string> tcp_reader::service_of(const traefik_section& section)
{
    if (auto written = section.value("service")) return written;
    if (services_.size() == 1) return services_.begin()->second.name;
    if (!services_.empty()) {
        reading_.report(section.where("service"), "the container declares " + std::to_string(services_.size()) +
                                                      " TCP services; name one of them here, this router is left out");
        return {};
    }
    declared_service service;
    service.name = section.name + "@router";
    service.implicit = true;
    if (!default_port_) {
        default_port_ = reading_.port_from("traefik.tcp.services." + section.name + ".loadbalancer.server.port");
    }
    auto name = service.name;
    reading_.add_tcp(std::move(service), *default_port_);
    return name;
}

std::string tcp_reader::refusal_of(const traefik_section& section, const model::tcp_router& spec)
{
    if (auto names = section.list("middlewares"); !names.empty()) {
        auto refusal = traefik::refusal("middleware", names);
        reading_.report(section.where("middlewares"), refusal);
        return refusal;
    }
    if (spec.security != tcp_security::ended && !spec.tls_options.empty()) {
        reading_.report(section.where("tls.options"), std::string(traefik::no_options_without_end));
        return std::string(traefik::no_options_without_end);
    }
    return "";
}

}  // namespace

void read_traefik_tcp(label_reading& reading, const traefik_sections& sections)
{
    tcp_reader(reading, sections).read();
}

}  // namespace lintel::discovery
