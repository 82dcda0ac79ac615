#include "discovery/certificate_terms.hpp"

#include "base/text.hpp"
#include "discovery/server_address.hpp"
#include "model/rule.hpp"
#include "net/address.hpp"

#include <algorithm>

namespace lintel::discovery {

namespace {

constexpr std::size_t limit_url_bytes = 2048;

/// No label begins or ends with a hyphen (RFC 1123 §2.1). Rules are not that strict, CAs are.
bool has_whole_labels(std::string_view host)
{
    return std::ranges::none_of(text::split(host, '.'),
                                [](auto label) { return label.starts_with('-') || label.ends_with('-'); });
}

std::optional<std::string> certificate_name(std::string_view written)
{
    if (auto address = net::address::of_ip(written, 0)) return address->ip();
    bool wildcard = written.starts_with("*.");
    if (written.contains(':')) return {};  // canonical_host() would drop a port
    auto host = model::canonical_host(wildcard ? written.substr(2) : written);
    if (!host || !has_whole_labels(*host)) return {};
    if (!wildcard) return host;
    return "*." + *host;
}

}  // namespace

checked<std::vector<std::string>> certificate_names(const std::vector<std::string>& written)
{
    std::vector<std::string> names;
    for (const auto& each : written) {
        auto name = certificate_name(each);
        if (!name)
            return std::unexpected(problem{"", '"' + text::printable(each, 80) + "\" is not a name for a certificate"});
        if (std::ranges::find(names, *name) == names.end()) names.push_back(std::move(*name));
    }
    if (names.empty()) return std::unexpected(problem{"", "it names no host"});
    return names;
}

std::string wrong_with_ask(std::string_view url)
{
    auto parsed = parse_server_url(url);
    bool web = parsed && (parsed->scheme == "http" || parsed->scheme == "https");
    bool plain = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f; });
    if (web && plain && !url.contains('#') && url.size() <= limit_url_bytes) return "";
    return '"' + text::printable(url, 80) + "\" is not a URL that can be asked; write it like http://app:8080/allowed";
}

bool is_for_any_host(const std::string& rule)
{
    auto tree = model::parse_rule(rule);
    return tree && std::ranges::all_of(model::hosts_of(*tree), [](const auto& host) { return host == "*"; });
}

}  // namespace lintel::discovery
