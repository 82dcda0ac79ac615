#include "acme/issuer_checks.hpp"

#include "acme/public_names.hpp"
#include "base/text.hpp"
#include "model/rule.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace lintel::acme {

namespace {

struct web_address {
    std::string scheme;
    std::string host;  ///< as model::canonical_host has it
};

/// None where it is no http or https URL with a host, or says more than where something is.
std::optional<web_address> parse_url(std::string_view url)
{
    auto end = url.find("://");
    if (end == url.npos) return {};
    web_address made{text::lower(url.substr(0, end)), ""};
    auto rest = url.substr(end + 3);
    auto host = model::canonical_host(rest.substr(0, rest.find_first_of("/?#")));
    bool plain = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
    if (!host || !plain || (made.scheme != "http" && made.scheme != "https")) return {};
    made.host = std::move(*host);
    return made;
}

std::string_view without_brackets(std::string_view host)
{
    return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
}

bool is_within(const std::vector<std::string>& networks, std::string_view host)
{
    auto set = net::network_set::parse(networks);
    return set && set->contains_ip(without_brackets(host));
}

bool is_loopback(std::string_view host)
{
    return host == "localhost" || host.ends_with(".localhost") || is_within({"127.0.0.0/8", "::1"}, host);
}

bool is_made_of(std::string_view text, std::string_view others)
{
    auto end = text.find_last_not_of('=');
    auto digits = end == text.npos ? "" : text.substr(0, end + 1);
    return !digits.empty() && text.size() - digits.size() <= 2 && digits.size() % 4 != 1 &&
           std::ranges::all_of(digits, [&](char c) { return text::is_alnum(c) || others.contains(c); });
}

}  // namespace

std::string wrong_directory(std::string_view url)
{
    auto parsed = parse_url(url);
    bool right = parsed && (parsed->scheme == "https" || is_loopback(parsed->host));
    return right ? "" : "is not the URL of a directory; write it like https://ca.example/directory";
}

std::string wrong_hmac(std::string_view text)
{
    return is_made_of(text, "-_") ? "" : "is not base64url, as CAs hand the key out";
}

std::string wrong_secret(std::string_view text) { return is_made_of(text, "+/") ? "" : "is not base64"; }

std::string wrong_server(std::string_view text)
{
    return model::canonical_host(text) || net::address::of_ip(text, 53) ? "" : "is not HOST or HOST:PORT";
}

std::string wrong_zone(std::string_view text) { return model::canonical_host(text) ? "" : "is not a zone's name"; }

std::string wrong_program(std::string_view text)
{
    return text.starts_with('/') ? "" : "is not the path of a program; it begins with /";
}

bool is_own_directory(std::string_view url)
{
    auto parsed = parse_url(url);
    return parsed && !why_not_public(parsed->host).empty();
}

}  // namespace lintel::acme
