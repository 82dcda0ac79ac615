#include "acme/url_rule.hpp"

#include "base/text.hpp"
#include "net/address.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

constexpr std::size_t longest_url = 2048;

/// Host of a URL's authority: without port and brackets. Empty when there is none, or a user before it.
std::string_view host_of(std::string_view authority)
{
    if (authority.contains('@')) return {};
    if (authority.starts_with('[')) {
        auto end = authority.find(']');
        return end == std::string_view::npos ? std::string_view() : authority.substr(1, end - 1);
    }
    return authority.substr(0, authority.find(':'));
}

bool is_loopback(std::string_view host)
{
    if (text::equal_caseless(host, "localhost")) return true;
    auto address = net::address::of_ip(host, 0);
    return address && (address->ip() == "::1" || address->ip().starts_with("127."));
}

/// None when it isn't a URL of this scheme with a host, in characters that a URL may have (RFC 3986 §2).
std::string_view host_of_url(std::string_view url, std::string_view scheme)
{
    bool printable = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; });
    if (!printable || url.size() > longest_url) return {};
    if (!text::equal_caseless(url.substr(0, scheme.size()), scheme)) return {};
    url.remove_prefix(scheme.size());
    return host_of(url.substr(0, url.find_first_of("/?#")));
}

}  // namespace

checked<url_rule> url_rule::of_directory(std::string_view directory_url)
{
    for (bool clear : {false, true}) {
        if (url_rule rule(clear); rule.allows(directory_url)) return rule;
    }
    return std::unexpected(problem{"", "a CA's directory must be an https:// URL (http:// on loopback only), not \"" +
                                           text::printable(directory_url) + '"'});
}

bool url_rule::allows(std::string_view url) const
{
    auto host = host_of_url(url, clear_ ? "http://" : "https://");
    return !host.empty() && (!clear_ || is_loopback(host));
}

}  // namespace lintel::acme
