#include "net/address.hpp"

#include "base/text.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace lintel::net {

namespace {

std::span<const unsigned char> ip_bytes(const address& of)
{
    if (of.family() == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(of.raw());
        return {reinterpret_cast<const unsigned char*>(&v4->sin_addr), 4};
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(of.raw());
    return {reinterpret_cast<const unsigned char*>(&v6->sin6_addr), 16};
}

/// As inet_ntop(3), which prints: every request asks for the address of its client.
std::string dotted(std::span<const unsigned char> v4)
{
    std::array<char, INET_ADDRSTRLEN> text;
    auto* end = text.data();
    for (auto each : v4) {
        if (end != text.data()) *end++ = '.';
        end = std::to_chars(end, text.data() + text.size(), each).ptr;
    }
    return {text.data(), end};
}

bool same_prefix(std::span<const unsigned char> a, std::span<const unsigned char> b, unsigned bits)
{
    if (std::memcmp(a.data(), b.data(), bits / 8) != 0) return false;
    if (bits % 8 == 0) return true;
    auto mask = static_cast<unsigned char>(0xFF << (8 - bits % 8));
    return (a[bits / 8] & mask) == (b[bits / 8] & mask);
}

}  // namespace

address::address(const sockaddr* raw, socklen_t length) : length_(length)
{
    if (length >= sizeof(sa_family_t) && raw->sa_family == AF_UNIX) {
        auto local = std::make_shared<sockaddr_un>();
        std::memcpy(local.get(), raw, std::min<std::size_t>(length, sizeof *local));
        unix_ = std::move(local);
        return;
    }
    std::memcpy(&ip_, raw, std::min<std::size_t>(length, sizeof ip_));
    if (family() != AF_INET6) return;
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(raw);
    if (!IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = v6->sin6_port;
    std::memcpy(&v4.sin_addr, v6->sin6_addr.s6_addr + 12, 4);
    ip_ = {};
    std::memcpy(&ip_, &v4, sizeof v4);
    length_ = sizeof v4;
}

result<address> address::of_ip(std::string_view ip, std::uint16_t port)
{
    if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
    std::string text(ip);
    if (text.find('\0') != std::string::npos) return errc::not_an_address;
    sockaddr_in v4{};
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return address(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        return address(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
    }
    return errc::not_an_address;
}

result<address> address::of_unix(std::string_view path)
{
    sockaddr_un local{};
    if (path.empty() || path.size() >= sizeof local.sun_path) {
        return error_code(ENAMETOOLONG, boost::system::system_category());
    }
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, path.data(), path.size());
    return address(reinterpret_cast<const sockaddr*>(&local), sizeof local);
}

std::uint16_t address::port() const
{
    if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(raw())->sin_port);
    if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(raw())->sin6_port);
    return 0;
}

address::network_bits address::network() const
{
    std::uint64_t key = 0;
    if (family() == AF_INET) key = reinterpret_cast<const sockaddr_in&>(ip_).sin_addr.s_addr;
    if (family() == AF_INET6) std::memcpy(&key, &ip_.sin6_addr, sizeof key);
    return {family(), key};
}

std::string address::ip() const
{
    if (!is_ip()) return "";
    if (family() == AF_INET) return dotted(ip_bytes(*this));
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(family(), ip_bytes(*this).data(), text, sizeof text);
    return text;
}

std::string address::to_string() const
{
    if (family() == AF_UNIX) return std::string("unix:") + reinterpret_cast<const sockaddr_un*>(raw())->sun_path;
    if (family() == AF_INET6) return "[" + ip() + "]:" + std::to_string(port());
    return ip() + ":" + std::to_string(port());
}

checked<host_port> parse_host_port(std::string_view text)
{
    auto colon = text.rfind(':');
    auto port = colon == std::string_view::npos ? std::nullopt : text::parse_decimal(text.substr(colon + 1));
    if (!port || *port > 65535) {
        return std::unexpected(problem{"", text::printable(text) + " is not ADDR:PORT, [::1]:PORT or :PORT"});
    }
    auto host = text.substr(0, colon);
    if (!host.empty() && !address::of_ip(host, 0)) {
        return std::unexpected(
            problem{"", text::printable(host) + " is not an IP address; write one, or leave it out for all"});
    }
    return host_port{std::string(host), static_cast<std::uint16_t>(*port)};
}

checked<network_set> network_set::parse(const std::vector<std::string>& networks)
{
    network_set set;
    for (const auto& text : networks) {
        auto slash = text.find('/');
        auto base = address::of_ip(std::string_view(text).substr(0, slash), 0);
        auto widest = base && base->family() == AF_INET ? 32U : 128U;
        auto prefix = slash == std::string::npos ? std::optional<std::uint64_t>(widest)
                                                 : text::parse_decimal(std::string_view(text).substr(slash + 1));
        if (!base || !prefix || *prefix > widest) {
            return std::unexpected(
                problem{"", text::printable(text) + " is not a network such as 10.0.0.0/8 or 2001:db8::/32"});
        }
        set.networks_.push_back({*base, static_cast<unsigned>(*prefix)});
    }
    return set;
}

bool network_set::contains(const address& peer) const
{
    return std::ranges::any_of(networks_, [&](const network& each) {
        return each.base.family() == peer.family() && same_prefix(ip_bytes(each.base), ip_bytes(peer), each.prefix);
    });
}

bool network_set::contains_ip(std::string_view ip) const
{
    auto parsed = address::of_ip(ip, 0);
    return parsed && contains(*parsed);
}

}  // namespace lintel::net
