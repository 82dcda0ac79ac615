#include "acme/redirect.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace lintel::acme {

namespace {

constexpr std::uint16_t usual_port(bool https) { return https ? 443 : 80; }

bool is_clean(std::string_view part)
{
    return std::ranges::all_of(part, [](char c) { return c > ' ' && c != '\x7F'; });
}

/// `text`: "host", "host:8080", "[::1]:443", perhaps with "user@" before it, which is dropped.
bool read_authority(std::string_view text, web_page& into)
{
    if (auto at = text.rfind('@'); at != text.npos) text.remove_prefix(at + 1);
    into.port = usual_port(into.https);
    auto colon = text.rfind(':');
    bool has_port = colon != text.npos && text.find(']', colon) == text.npos;
    if (has_port && colon + 1 < text.size()) {
        auto port = text::parse_decimal(text.substr(colon + 1));
        if (!port || *port == 0 || *port > 65535) return false;
        into.port = static_cast<std::uint16_t>(*port);
    }
    auto host = has_port ? text.substr(0, colon) : text;
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.ends_with('.')) host.remove_suffix(1);
    into.host = text::lower(host);
    return !into.host.empty();
}

/// `rest`: what follows "http:" or "https:".
std::optional<web_page> absolute(bool https, std::string_view rest)
{
    if (!rest.starts_with("//")) return {};
    rest.remove_prefix(2);
    web_page page{https, "", 0, ""};
    auto end = std::min(rest.find_first_of("/?"), rest.size());
    if (!read_authority(rest.substr(0, end), page)) return {};
    page.target = rest.substr(end);
    if (!page.target.starts_with('/')) page.target.insert(0, 1, '/');
    return page;
}

}  // namespace

std::string web_page::origin() const
{
    auto shown = host.contains(':') ? '[' + host + ']' : host;
    if (port != usual_port(https)) shown += ':' + std::to_string(port);
    return (https ? "https://" : "http://") + shown;
}

bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::optional<web_page> redirected(const web_page& from, std::string_view location)
{
    location = location.substr(0, location.find('#'));
    if (location.empty() || !is_clean(location)) return {};
    auto colon = location.find(':');
    if (colon != location.npos && colon < location.find_first_of("/?")) {
        auto scheme = text::lower(location.substr(0, colon));
        if (scheme != "http" && scheme != "https") return {};
        return absolute(scheme == "https", location.substr(colon + 1));
    }
    if (location.starts_with("//")) return absolute(from.https, location);
    auto page = from;
    auto path = from.target.substr(0, from.target.find('?'));
    if (location.front() == '/') {
        page.target = location;
    } else if (location.front() == '?') {
        page.target = path + std::string(location);
    } else {
        page.target = path.substr(0, path.rfind('/') + 1) + std::string(location);
    }
    return page;
}

}  // namespace lintel::acme
