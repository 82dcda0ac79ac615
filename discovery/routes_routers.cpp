#include "discovery/yaml_fields.hpp"

#include "model/rule.hpp"

#include <yaml-cpp/yaml.h>

namespace lintel::discovery {

namespace {

constexpr std::string_view own_prefix = "lintel.", ask_path = "lintel.ask";

std::optional<std::string> rule_of(routes_reading& reading, const yaml_fields& router)
{
    if (!is_rule_syntax_known(router)) return {};
    auto rule = required(router, "rule");
    if (!rule) return {};
    auto tree = model::parse_rule(*rule);
    if (tree) return rule;
    reading.report(*router.find("rule"),
                   tree.error().where + " of the rule: " + tree.error().what + "; this router is left out");
    return {};
}

/// What the router can't keep, of what restricts access; the first reason closes it.
std::string refusal_of(const yaml_fields& router)
{
    std::string refusal;
    auto close = [&](const std::string& path, std::string_view kind, const std::vector<std::string>& names) {
        auto why = traefik::refusal(kind, names);
        router.report(path, why);
        if (refusal.empty()) refusal = std::move(why);
    };
    if (auto names = router.middlewares(); !names.empty()) close("middlewares", "middleware", names);
    const auto* options = router.find("tls.options");
    if (options && !options->IsScalar() && !options->IsNull()) close("tls.options", "the key", {"tls.options"});
    if (auto unread = router.unreadable_restriction(); !unread.empty()) close(unread, "the key", {unread});
    return refusal;
}

/// `lintel: {first_byte_timeout: 0, …}` of a router.
model::option_texts options_of(routes_reading& reading, const yaml_fields& router)
{
    model::option_texts options;
    for (const auto& path : router.paths()) {
        if (!path.starts_with(own_prefix) || path == ask_path) continue;
        auto value = reading.text(*router.find(path));
        if (!value) continue;
        auto key = path.substr(own_prefix.size());
        auto wrong = model::wrong_with(model::option_place::route, key, *value);
        if (wrong.empty())
            options[key] = *value;
        else
            router.report(path, wrong + "; ignored");
    }
    return options;
}

/// `lintel: {ask: URL}` of a router for any host.
std::string ask_of(const yaml_fields& router, const std::string& rule)
{
    auto url = router.text(ask_path);
    if (!url) return "";
    auto wrong = wrong_with_ask(*url);
    if (!wrong.empty())
        wrong += ", ignored";
    else if (!is_for_any_host(rule))
        wrong = ask_of_named_hosts;
    if (wrong.empty()) return std::move(*url);
    router.report(ask_path, std::move(wrong));
    return "";
}

/// The reason that closes a TCP router; empty when there is none.
std::string tcp_refusal_of(const yaml_fields& router, const model::tcp_router& spec)
{
    auto refusal = refusal_of(router);
    if (!refusal.empty() || spec.security == model::tcp_security::ended || spec.tls_options.empty()) return refusal;
    router.report("tls.options", std::string(traefik::no_options_without_end));
    return std::string(traefik::no_options_without_end);
}

model::tcp_security security_of(const yaml_fields& router)
{
    if (!router.wants_tls()) return model::tcp_security::clear;
    return router.flag("tls.passthrough").value_or(false) ? model::tcp_security::passed_on : model::tcp_security::ended;
}

/// A value in another shape is refusal_of()'s.
std::string tls_options_of(const yaml_fields& router)
{
    const auto* written = router.find("tls.options");
    return written && written->IsScalar() ? router.text("tls.options").value_or("") : "";
}

}  // namespace

void read_router(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    yaml_fields all(reading, node);
    all.report_others(traefik::router_words);
    auto rule = rule_of(reading, all);
    auto service = required(all, "service");
    if (!rule || !service) return;
    declared_router router;
    router.name = name;
    router.tls = all.wants_tls();
    router.spec.rule = std::move(*rule);
    router.spec.priority = all.priority();
    router.spec.options = options_of(reading, all);
    router.spec.ask = ask_of(all, router.spec.rule);
    router.certificate = certificate_terms_of(reading, all);
    router.spec.entrypoints = all.list("entrypoints");
    router.spec.tls_options = tls_options_of(all);
    router.spec.refusal = refusal_of(all);
    if (router.spec.refusal.empty()) router.spec.service = std::move(*service);
    router.spec.source = reading.out().source;
    reading.out().routers.push_back(std::move(router));
}

void read_tcp_router(routes_reading& reading, const std::string& name, const YAML::Node& node)
{
    yaml_fields all(reading, node);
    all.report_others(traefik::tcp_router_words);
    auto rule = is_rule_syntax_known(all) ? required(all, "rule") : std::nullopt;
    auto service = required(all, "service");
    if (!rule || !service) return;
    declared_tcp_router router;
    router.name = name;
    auto& spec = router.spec;
    spec.security = security_of(all);
    if (auto wrong = traefik::read_tcp_rule(*rule, spec); !wrong.empty())
        return reading.report(*all.find("rule"), wrong + "; this router is left out");
    if (auto priority = all.priority(); priority != 0) spec.priority = priority;
    spec.entrypoints = all.list("entrypoints");
    spec.tls_options = tls_options_of(all);
    router.certificate = certificate_terms_of(reading, all);
    spec.refusal = tcp_refusal_of(all, spec);
    if (spec.refusal.empty()) spec.service = std::move(*service);
    spec.source = reading.out().source;
    reading.out().tcp_routers.push_back(std::move(router));
}

}  // namespace lintel::discovery
