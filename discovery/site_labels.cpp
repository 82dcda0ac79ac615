#include "discovery/site_labels.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "discovery/traefik_words.hpp"
#include "model/json.hpp"
#include "model/rule.hpp"

#include <algorithm>

namespace lintel::discovery {

namespace {

constexpr std::string_view www = "www.";

std::string without_www(const std::string& host) { return host.starts_with(www) ? host.substr(www.size()) : host; }
std::string with_www(const std::string& host) { return host.starts_with(www) ? host : std::string(www) + host; }

/// A name that may have a counterpart: no wildcard, no address.
bool is_plain(const std::string& host)
{
    bool named = std::ranges::any_of(host, text::is_alpha);
    return named && !host.starts_with('*') && !host.starts_with('[');
}

void add_once(std::vector<std::string>& into, const std::string& host)
{
    if (std::ranges::find(into, host) == into.end()) into.push_back(host);
}

canonical_hosts paired(const std::vector<std::string>& hosts, std::string (*canonical)(const std::string&),
                       std::string (*other)(const std::string&))
{
    canonical_hosts made;
    for (const auto& host : hosts) {
        add_once(made.served, is_plain(host) ? canonical(host) : host);
        if (is_plain(host)) add_once(made.redirected[canonical(host)], other(host));
    }
    return made;
}

canonical_hosts all_to(const std::vector<std::string>& hosts, const std::string& target)
{
    canonical_hosts made{{target}, {}};
    for (const auto& host : hosts) {
        if (!is_plain(host))
            add_once(made.served, host);
        else if (host != target)
            add_once(made.redirected[target], host);
    }
    return made;
}

bool belongs_to(const std::vector<std::string>& hosts, const std::string& target)
{
    return std::ranges::any_of(hosts, [&](const auto& host) {
        return is_plain(host) && (host == target || without_www(host) == target || with_www(host) == target);
    });
}

std::string wrong_word(std::string_view written, const std::vector<std::string>& known, std::string_view form)
{
    auto near = text::nearest(written, known);
    auto hint = near.empty() ? "write it like " + std::string(form) : "did you mean " + near + '?';
    return '"' + text::printable(written, 60) + "\" can't be read, ignored; " + hint;
}

}  // namespace

std::string read_hsts(label_reading& reading)
{
    static const std::vector<std::string> known{"true", "false", "includeSubDomains", "preload"};
    const auto* written = reading.label("lintel.hsts");
    if (!written || *written == "false") return "";
    auto items = text::split_list(*written);
    auto first = items.empty() ? std::string_view() : items.front();
    auto age = first == "true" ? duration(std::chrono::hours(365 * 24)) : units::parse_duration(first);
    if (!age) {
        reading.report("lintel.hsts", wrong_word(first, known, "true, or 30m, includeSubDomains"));
        return "";
    }
    auto value = "max-age=" + std::to_string(std::chrono::floor<std::chrono::seconds>(*age).count());
    for (auto item : std::span(items).subspan(1)) {
        auto directive =
            std::ranges::find_if(known, [&](const auto& each) { return text::equal_caseless(each, item); });
        bool right = directive != known.end() && directive - known.begin() >= 2;
        if (right)
            value += "; " + *directive;
        else
            reading.report("lintel.hsts", wrong_word(item, known, "true, includeSubDomains, preload"));
    }
    return value;
}

canonical_hosts read_redirect(label_reading& reading, std::vector<std::string> hosts)
{
    static const std::vector<std::string> known{"www", "non-www"};
    const auto* label = reading.label("lintel.redirect");
    if (!label) return {std::move(hosts), {}};
    auto written = text::lower(text::trim(*label));
    if (written == "www") return paired(hosts, with_www, without_www);
    if (written == "non-www") return paired(hosts, without_www, with_www);
    auto target = model::canonical_host(written);
    bool named = target && is_plain(*target) && target->contains('.');
    if (named && belongs_to(hosts, *target)) return all_to(hosts, *target);
    auto why = named ? '"' + *target + "\" is none of the hosts in lintel.host, ignored; add it there"
                     : wrong_word(*label, known, "www, non-www or www.example.com");
    reading.report("lintel.redirect", std::move(why));
    return {std::move(hosts), {}};
}

std::string read_scheme(label_reading& reading, model::scheme& into)
{
    const auto* label = reading.label("lintel.scheme");
    if (!label) return "";
    auto written = text::trim(*label);
    if (auto known = model::scheme_named(written)) {
        into = *known;
        return "";
    }
    auto why = traefik::unknown_scheme(written);
    reading.report("lintel.scheme", why);
    return why;
}

}  // namespace lintel::discovery
