#include "discovery/label_reading.hpp"

#include "base/text.hpp"
#include "discovery/traefik_sections.hpp"
#include "discovery/traefik_words.hpp"
#include "model/json.hpp"
#include "model/rule.hpp"

namespace lintel::discovery {

namespace {

/// What is spoken with the servers of a service; none where the label names nothing of the kind.
std::optional<model::scheme> scheme_of(const traefik_section& section)
{
    auto written = section.value("loadbalancer.server.scheme");
    return written ? model::scheme_named(text::lower(*written)) : model::scheme::http;
}

/// Makes routers and services of the sorted labels.
class traefik_reader {
public:
    traefik_reader(label_reading& reading, traefik_sections sections)
        : reading_(reading), sections_(std::move(sections))
    {
    }

    void read();

private:
    bool wants_default_router() const;
    void declare_default_router();
    void declare_implicit_service(const std::string& name);
    void declare_service(const traefik_section& section);
    std::string service_refusal(const traefik_section& section);

    void declare_router(const traefik_section& section);
    std::optional<std::string> rule_of(const traefik_section& section);
    std::optional<std::string> service_of(const traefik_section& section);
    std::string router_refusal(const traefik_section& section);

    std::string default_rule() const { return "Host(`" + text::lower(default_name_) + "`)"; }

    label_reading& reading_;
    traefik_sections sections_;
    std::string default_name_ = default_service_name(reading_.from());
    std::optional<std::optional<std::uint16_t>> default_port_;  ///< looked for once, so that a problem is reported once
};

void traefik_reader::read()
{
    for (const auto& [name, section] : sections_.services) declare_service(section);
    for (const auto& [name, section] : sections_.routers) declare_router(section);
    if (wants_default_router()) declare_default_router();
    if (!sections_.services.empty()) return;
    bool others_may_name_it = !sections_.routers.empty() && !reading_.from().tcp_ports.empty();
    if (wants_default_router() || others_may_name_it) declare_implicit_service(default_name_);
}

bool traefik_reader::wants_default_router() const
{
    if (!sections_.routers.empty() || sections_.services.size() > 1) return false;
    if (sections_.has_http) return true;
    return reading_.label_caseless("traefik.enable") && !sections_.has_tcp_or_udp;
}

void traefik_reader::declare_default_router()
{
    declared_router router;
    router.name = default_name_;
    router.spec.rule = default_rule();
    router.spec.service = sections_.services.empty() ? default_name_ : sections_.services.begin()->second.name;
    reading_.add(std::move(router));
}

void traefik_reader::declare_implicit_service(const std::string& name)
{
    if (!default_port_)
        default_port_ = reading_.port_from("traefik.http.services." + default_name_ + ".loadbalancer.server.port");
    declared_service service;
    service.name = name;
    service.implicit = true;
    reading_.add(std::move(service), *default_port_);
}

void traefik_reader::declare_service(const traefik_section& section)
{
    declared_service service;
    service.name = section.name;
    service.refusal = service_refusal(section);
    service.spec.pass_host = flag_of(reading_, section, "loadbalancer.passhostheader").value_or(true);
    service.spec.scheme = scheme_of(section).value_or(model::scheme::http);
    service.spec.transport = section.value("loadbalancer.serverstransport").value_or("");
    if (service.spec.transport == traefik::default_transport) service.spec.transport.clear();
    auto check = traefik::read_health_check([&](std::string_view field) { return section.value(std::string(field)); },
                                            [&](std::string_view field, std::string what) {
                                                reading_.report(section.where(std::string(field)), std::move(what));
                                            });
    service.spec.check = check.value_or(model::health_check());
    reading_.add(std::move(service), reading_.port_from(section.where("loadbalancer.server.port")));
}

std::string traefik_reader::service_refusal(const traefik_section& section)
{
    std::string refusal;
    auto close = [&](const std::string& field, std::string why) {
        reading_.report(section.where(field), why);
        if (refusal.empty()) refusal = std::move(why);
    };
    auto middlewares = section.list("middlewares");
    if (!middlewares.empty()) close("middlewares", traefik::refusal("middleware", middlewares));
    if (!scheme_of(section)) {
        auto written = section.value("loadbalancer.server.scheme").value_or("");
        close("loadbalancer.server.scheme", traefik::unknown_scheme(written));
    }
    if (section.value("loadbalancer.server.url")) {
        close("loadbalancer.server.url",
              "a server's URL in a label is not supported yet, so routers that use this service are closed");
    }
    return refusal;
}

void traefik_reader::declare_router(const traefik_section& section)
{
    auto rule = rule_of(section);
    if (!rule) return;
    declared_router router;
    router.name = section.name;
    router.tls = wants_tls(reading_, section);
    router.certificate = certificate_terms_of(reading_, section);
    router.spec.rule = std::move(*rule);
    router.spec.priority = priority_of(reading_, section);
    router.spec.entrypoints = section.list("entrypoints");
    router.spec.tls_options = section.value("tls.options").value_or("");
    router.spec.refusal = router_refusal(section);
    auto service = service_of(section);
    if (!service) return;
    if (router.spec.refusal.empty()) router.spec.service = std::move(*service);
    reading_.add(std::move(router));
}

/// None when the router must be left out: never the readable part of a rule, never a rule in another syntax.
std::optional<std::string> traefik_reader::rule_of(const traefik_section& section)
{
    if (!is_rule_syntax_known(reading_, section)) return {};
    auto rule = section.value("rule").value_or(default_rule());
    auto tree = model::parse_rule(rule);
    if (tree) return rule;
    reading_.report(section.where("rule"), tree.error().where + ": " + tree.error().what + "; this router is left out");
    return {};
}

/// The service's name: as written, else the only one of the container, else one that nobody wrote down. The latter is
/// named by the router, so that all containers with this router share it; no label can declare a name with @.
std::optional<std::string> traefik_reader::service_of(const traefik_section& section)
{
    if (auto written = section.value("service")) return written;
    if (sections_.services.size() == 1) return sections_.services.begin()->second.name;
    if (sections_.services.empty()) {
        auto name = section.name + "@router";
        declare_implicit_service(name);
        return name;
    }
    reading_.report(section.where("service"), "the container declares " + std::to_string(sections_.services.size()) +
                                                  " services; name one of them here, this router is left out");
    return {};
}

std::string traefik_reader::router_refusal(const traefik_section& section)
{
    auto names = section.list("middlewares");
    if (names.empty()) return "";
    auto refusal = traefik::refusal("middleware", names);
    reading_.report(section.where("middlewares"), refusal);
    return refusal;
}

/// A value that can't be read counts as "no": the label is there to keep the container from being exposed.
bool is_enabled(label_reading& reading)
{
    const auto* written = reading.label_caseless("traefik.enable");
    if (!written) return reading.settings().exposed_by_default;
    auto value = traefik::parse_bool(text::trim(*written));
    if (!value) {
        reading.report("traefik.enable",
                       '"' + text::printable(*written, 40) +
                           "\" is neither true nor false, so the traefik labels of this container are left out");
    }
    return value.value_or(false);
}

}  // namespace

void read_traefik_labels(label_reading& reading)
{
    if (!is_enabled(reading)) return;
    auto sections = sort_traefik_labels(reading);
    read_traefik_tcp(reading, sections);
    traefik_reader(reading, std::move(sections)).read();
}

}  // namespace lintel::discovery
