#include "app/certificate_settings.hpp"

#include "base/text.hpp"
#include "model/rule.hpp"

#include <algorithm>
#include <array>

namespace lintel::app {

namespace {

using std::string;
using std::string_view;
using issuer_lists = std::map<string, std::vector<string>>;

constexpr std::array<string_view, 4> keys_of_issuers{"issuers", "default_issuers", "resolvers", "host_issuers"};

std::vector<string> owned(const std::vector<string_view>& parts)
{
    std::vector<string> texts;
    for (auto each : parts) texts.emplace_back(text::trim(each));
    return texts;
}

/// "NAME=ISSUER[+ISSUER]", separated by commas.
string read_lists(issuer_lists& into, string_view written)
{
    into.clear();
    for (auto item : text::split_list(written)) {
        auto sign = item.find('=');
        auto issuers = sign == item.npos ? std::vector<string>() : owned(text::split(item.substr(sign + 1), '+'));
        bool whole = sign != 0 && !issuers.empty() && std::ranges::none_of(issuers, &string::empty);
        if (!whole) return "is not NAME=ISSUER[+ISSUER],…";
        into[string(text::trim(item.substr(0, sign)))] = std::move(issuers);
    }
    return "";
}

/// A host as certificates name it: a name, "*." and a name, or an address without brackets.
std::optional<string> readable_host(string_view written)
{
    if (auto address = net::address::of_ip(written, 0)) return address->ip();
    bool wildcard = written.starts_with("*.");
    auto host = model::canonical_host(wildcard ? written.substr(2) : written);
    if (!host || !wildcard) return host;
    return "*." + *host;
}

string place_of(const chosen_settings& chosen, string_view key)
{
    auto found = chosen.find(string(key));
    return found == chosen.end() ? string(key) : found->second.where;
}

}  // namespace

string read_email(settings& all, string_view text)
{
    auto at = text.find('@');
    bool plain = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != ',' && c != '?'; });
    bool right = plain && at != 0 && at != text.npos && at + 1 < text.size() && text.rfind('@') == at;
    if (!right && !text.empty()) return "is not an e-mail address";
    all.certificates.email = text;
    return "";
}

string read_default_issuers(settings& all, string_view text)
{
    all.certificates.default_issuers = owned(text::split_list(text));
    return "";
}

string read_resolvers(settings& all, string_view text) { return read_lists(all.certificates.resolvers, text); }

string read_host_issuers(settings& all, string_view text)
{
    issuer_lists written;
    if (auto wrong = read_lists(written, text); !wrong.empty()) return wrong;
    all.certificates.hosts.clear();
    for (auto& [name, issuers] : written) {
        auto host = readable_host(name);
        if (!host) return ": " + text::printable(name, 80) + " is not a host; write it like a.example.com";
        all.certificates.hosts[*host] = std::move(issuers);
    }
    return "";
}

string read_preflight(settings& all, string_view text)
{
    constexpr std::array<string_view, 3> names{"require", "advise", "off"};
    auto found = std::ranges::find(names, text);
    if (found == names.end()) return "is not require, advise or off";
    all.certificates.preflight = static_cast<acme::preflight_mode>(found - names.begin());
    return "";
}

string read_imports(settings& all, string_view text)
{
    all.certificates.imports = owned(text::split_list(text));
    return "";
}

string read_port(std::uint16_t& into, string_view text)
{
    auto port = text::parse_decimal(text);
    if (!port || *port == 0 || *port > UINT16_MAX) return "is not a port";
    into = static_cast<std::uint16_t>(*port);
    return "";
}

string read_name_servers(std::vector<net::address>& into, string_view text)
{
    into.clear();
    for (auto item : text::split_list(text)) {
        auto server = net::address::of_ip(item, 53);
        if (!server) {
            auto split = net::parse_host_port(item);
            if (!split || split->host.empty() || split->port == 0) return "is not ADDR or ADDR:PORT";
            server = net::address::of_ip(split->host, split->port);
        }
        into.push_back(*server);
    }
    return "";
}

std::vector<problem> complete_certificates(settings& all, const chosen_settings& chosen)
{
    auto written = chosen.find("issuers");
    auto issuers = acme::read_issuers(written == chosen.end() ? string_view() : written->second.text);
    std::vector<problem> problems;
    if (!issuers) {
        for (auto& [where, what] : issuers.error()) problems.push_back({written->second.where, where + ": " + what});
        return problems;
    }
    all.certificates.issuers = std::move(*issuers);
    for (auto& [where, what] : acme::problems_with(all.certificates)) {
        auto key = string_view(where).substr(0, where.find('.'));
        problems.push_back({place_of(chosen, key), where + ": " + what});
    }
    return problems;
}

chosen_settings settings_for_edge(chosen_settings chosen)
{
    for (auto key : keys_of_issuers) chosen.erase(string(key));
    return chosen;
}

chosen_settings settings_for_control(chosen_settings chosen)
{
    auto issuers = chosen.find("issuers");
    if (issuers == chosen.end()) return chosen;
    if (auto whole = acme::with_secrets_in_place(issuers->second.text)) issuers->second.text = std::move(*whole);
    return chosen;
}

}  // namespace lintel::app
