#include "discovery/label_reading.hpp"

#include "base/text.hpp"
#include "discovery/site_labels.hpp"
#include "model/rule.hpp"

#include <array>

namespace lintel::discovery {

namespace {

constexpr std::string_view option_prefix = "lintel.route.", any_host = "*";

const std::vector<std::string>& known_keys()
{
    static const std::vector<std::string> keys{"lintel.app",      "lintel.host",   "lintel.hsts",
                                               "lintel.network",  "lintel.path",   "lintel.port",
                                               "lintel.redirect", "lintel.scheme", "lintel.tls.ask"};
    return keys;
}

/// `lintel.route.KEY`: for all routers of the container, in whichever dialect they are declared.
model::option_texts options_from(label_reading& reading)
{
    model::option_texts options;
    for (const auto& [label, value] : reading.from().labels) {
        if (!label.starts_with(option_prefix)) continue;
        auto key = label.substr(option_prefix.size());
        std::string text(text::trim(value));
        auto wrong = model::wrong_with(model::option_place::route, key, text);
        if (wrong.empty())
            options[key] = text;
        else
            reading.report(label, wrong + "; ignored");
    }
    return options;
}

void report_unknown_keys(label_reading& reading)
{
    for (const auto& [key, value] : reading.from().labels) {
        bool option = key.starts_with(option_prefix);
        if (!key.starts_with("lintel.") || option || std::ranges::binary_search(known_keys(), key)) continue;
        auto near = text::nearest(key, known_keys());
        auto hint = near.empty() ? "known are " + text::join(known_keys(), ", ") : "did you mean " + near + '?';
        reading.report(key, "unknown label, ignored; " + hint);
    }
}

/// `lintel.tls.ask`: for all routers of the container that leave the host open, as above.
void read_ask(label_reading& reading)
{
    const auto* written = reading.label("lintel.tls.ask");
    if (!written) return;
    std::string url(text::trim(*written));
    auto wrong = wrong_with_ask(url);
    if (wrong.empty()) return reading.set_ask(std::move(url));
    reading.report("lintel.tls.ask", wrong + "; ignored");
}

/// A host as a rule may hold it: a name, "*." and a name, or "*" for any.
std::optional<std::string> readable_host(std::string_view written)
{
    if (written == any_host) return std::string(any_host);
    auto wildcard = written.starts_with("*.");
    auto plain = model::canonical_host(wildcard ? written.substr(2) : written);
    if (!plain || !wildcard) return plain;
    return "*." + *plain;
}

std::vector<std::string> hosts_from(label_reading& reading, const std::string& written)
{
    std::vector<std::string> hosts;
    for (auto item : text::split_list(written)) {
        auto host = readable_host(item);
        if (!host) {
            reading.report("lintel.host", '"' + text::printable(item, 80) +
                                              "\" is not a host name, ignored; write it like a.example.com");
        } else if (std::ranges::find(hosts, *host) == hosts.end()) {
            hosts.push_back(std::move(*host));
        }
    }
    if (text::split_list(written).empty()) reading.report("lintel.host", "names no host; write it like a.example.com");
    return hosts;
}

/// The path without a slash at its end: empty where every path is meant, none where the label can't be read.
std::optional<std::string> path_from(label_reading& reading)
{
    const auto* written = reading.label("lintel.path");
    if (!written) return "";
    auto path = text::trim(*written);
    bool plain = std::ranges::all_of(
        path, [](char c) { return c > 0x20 && c != 0x7f && c != '`' && c != '\\' && c != '?' && c != '#'; });
    if (!path.starts_with('/') || !plain) {
        reading.report("lintel.path", '"' + text::printable(*written, 80) +
                                          "\" is not a path, so the host is not served; write it like /blog");
        return {};
    }
    while (path.ends_with('/')) path.remove_suffix(1);
    return std::string(path);
}

/// Host(…) || …, and below `path` by whole segments: /blog and /blog/…, not /blogger.
std::string rule_for(const std::vector<std::string>& hosts, const std::string& path)
{
    std::vector<std::string> matchers;
    for (const auto& host : hosts) matchers.push_back("Host(`" + host + "`)");
    auto rule = text::join(matchers, " || ");
    if (path.empty()) return rule;
    if (hosts.size() > 1) rule = '(' + rule + ')';
    return rule + " && (Path(`" + path + "`) || PathPrefix(`" + path + "/`))";
}

/// The same for every container that claims the same place, so that a release and its successor share one service. No
/// slash, which separates the app in ids.
std::string name_for(const std::vector<std::string>& hosts, std::string path)
{
    std::ranges::replace(path, '/', '~');
    return hosts.front() + path;
}

/// A site for any host comes after every rule that names one, however short: only then by the length of its path.
std::int64_t priority_for(const std::vector<std::string>& hosts, const std::string& path)
{
    if (std::ranges::find(hosts, any_host) == hosts.end()) return 0;
    return std::ssize(path) - static_cast<std::int64_t>(model::rule_limit_bytes);
}

/// What the labels of one container ask for, as far as its routers share it.
struct site {
    std::string name;
    std::string path;
    std::string hsts;
    canonical_hosts hosts;
};

declared_router https_router(const site& what, const std::string& name, const std::vector<std::string>& hosts)
{
    declared_router router;
    router.name = name;
    router.tls = true;
    router.spec.rule = rule_for(hosts, what.path);
    router.spec.priority = priority_for(hosts, what.path);
    router.spec.entrypoints = {"https"};
    router.spec.strict_transport_security = what.hsts;
    return router;
}

void add_routers(label_reading& reading, const site& what)
{
    auto served = https_router(what, what.name, what.hosts.served);
    served.spec.service = what.name;
    reading.add(std::move(served));

    auto all = what.hosts.served;
    for (const auto& [canonical, others] : what.hosts.redirected) {
        auto moved = https_router(what, what.name + "-to-" + canonical, others);
        moved.spec.canonical_host = canonical;
        reading.add(std::move(moved));
        all.insert(all.end(), others.begin(), others.end());
    }

    declared_router redirect;
    redirect.name = what.name + "-redirect";
    redirect.spec.rule = rule_for(all, what.path);
    redirect.spec.priority = priority_for(all, what.path);
    redirect.spec.entrypoints = {"http"};
    redirect.spec.redirect_to_https = true;
    reading.add(std::move(redirect));
}

void report_useless_keys(label_reading& reading)
{
    for (const auto* key : {"lintel.port", "lintel.path", "lintel.hsts", "lintel.redirect", "lintel.scheme"}) {
        if (reading.label(key)) reading.report(key, "has no effect without lintel.host");
    }
}

}  // namespace

void read_lintel_labels(label_reading& reading)
{
    report_unknown_keys(reading);
    reading.set_options(options_from(reading));
    read_ask(reading);
    const auto* written = reading.label("lintel.host");
    if (!written) return report_useless_keys(reading);

    auto hosts = hosts_from(reading, *written);
    auto path = path_from(reading);
    if (hosts.empty() || !path) return;
    site what;
    what.name = name_for(hosts, *path);
    what.path = std::move(*path);
    what.hsts = read_hsts(reading);
    what.hosts = read_redirect(reading, std::move(hosts));
    declared_service service;
    service.name = what.name;
    service.refusal = read_scheme(reading, service.spec.scheme);
    reading.add(std::move(service), reading.port_from("lintel.port"));
    add_routers(reading, what);
}

}  // namespace lintel::discovery
