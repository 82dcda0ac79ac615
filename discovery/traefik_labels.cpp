#include "discovery/label_reading.hpp"

#include "base/text.hpp"
#include "discovery/traefik_sections.hpp"
#include "discovery/traefik_words.hpp"
#include "model/rule.hpp"

namespace lintel::discovery {

namespace {

std::vector<std::string> list_of(const std::optional<std::string>& value)
{
    std::vector<std::string> items;
    for (auto item : text::split_list(value.value_or(""))) items.emplace_back(item);
    return items;
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
    bool passes_host(const traefik_section& section);

    void declare_router(const traefik_section& section);
    std::optional<std::string> rule_of(const traefik_section& section);
    std::optional<std::string> service_of(const traefik_section& section);
    std::int64_t priority_of(const traefik_section& section);
    std::string router_refusal(const traefik_section& section);
    bool wants_tls(const traefik_section& section);

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
    service.spec.pass_host = passes_host(section);
    reading_.add(std::move(service), reading_.port_from(section.where("loadbalancer.server.port")));
}

std::string traefik_reader::service_refusal(const traefik_section& section)
{
    std::string refusal;
    auto close = [&](const std::string& field, std::string why) {
        reading_.report(section.where(field), why);
        if (refusal.empty()) refusal = std::move(why);
    };
    auto middlewares = list_of(section.value("middlewares"));
    if (!middlewares.empty()) close("middlewares", traefik::refusal("middleware", middlewares));
    auto scheme = section.value("loadbalancer.server.scheme");
    if (scheme && !text::equal_caseless(*scheme, "http")) {
        close("loadbalancer.server.scheme",
              "the scheme " + text::printable(*scheme, 20) +
                  " to a server is not supported yet, so routers that use this service are closed");
    }
    if (section.value("loadbalancer.server.url")) {
        close("loadbalancer.server.url",
              "a server's URL in a label is not supported yet, so routers that use this service are closed");
    }
    return refusal;
}

bool traefik_reader::passes_host(const traefik_section& section)
{
    const std::string field = "loadbalancer.passhostheader";
    auto written = section.value(field);
    if (!written) return true;
    auto value = traefik::parse_bool(*written);
    if (!value)
        reading_.report(section.where(field),
                        '"' + text::printable(*written, 40) + "\" is neither true nor false, ignored");
    return value.value_or(true);
}

void traefik_reader::declare_router(const traefik_section& section)
{
    auto rule = rule_of(section);
    if (!rule) return;
    declared_router router;
    router.name = section.name;
    router.tls = wants_tls(section);
    router.spec.rule = std::move(*rule);
    router.spec.priority = priority_of(section);
    router.spec.entrypoints = list_of(section.value("entrypoints"));
    router.spec.refusal = router_refusal(section);
    auto service = service_of(section);
    if (!service) return;
    if (router.spec.refusal.empty()) router.spec.service = std::move(*service);
    reading_.add(std::move(router));
}

/// None when the router must be left out: never the readable part of a rule, never a rule in another syntax.
std::optional<std::string> traefik_reader::rule_of(const traefik_section& section)
{
    auto syntax = section.value("rulesyntax");
    if (syntax && !text::equal_caseless(*syntax, "v3")) {
        reading_.report(section.where("rulesyntax"),
                        "only the rule syntax v3 is supported, so this router is left out");
        return {};
    }
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

std::int64_t traefik_reader::priority_of(const traefik_section& section)
{
    auto written = section.value("priority");
    if (!written) return 0;
    auto value = traefik::parse_priority(*written);
    if (!value)
        reading_.report(section.where("priority"),
                        '"' + text::printable(*written, 40) + "\" is not a whole number, ignored");
    return value.value_or(0);
}

std::string traefik_reader::router_refusal(const traefik_section& section)
{
    std::string refusal;
    if (auto names = list_of(section.value("middlewares")); !names.empty()) {
        refusal = traefik::refusal("middleware", names);
        reading_.report(section.where("middlewares"), refusal);
    }
    if (auto options = section.value("tls.options"); options && *options != "default") {
        auto why = traefik::refusal("TLS option", std::span(&*options, 1));
        reading_.report(section.where("tls.options"), why);
        if (refusal.empty()) refusal = why;
    }
    return refusal;
}

/// Traefik takes any other value than "true" for "no". We take what isn't a plain "no" for TLS: a typo must not put a
/// router in clear text.
bool traefik_reader::wants_tls(const traefik_section& section)
{
    if (auto written = section.value("tls")) {
        auto value = traefik::parse_bool(*written);
        if (!value)
            reading_.report(section.where("tls"),
                            '"' + text::printable(*written, 40) + "\" is neither true nor false, taken for true");
        return value.value_or(true);
    }
    auto after = section.fields.lower_bound("tls");
    return after != section.fields.end() && (after->first == "tls" || after->first.starts_with("tls."));
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
    if (is_enabled(reading)) traefik_reader(reading, sort_traefik_labels(reading)).read();
}

}  // namespace lintel::discovery
