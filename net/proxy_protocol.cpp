#include "net/proxy_protocol.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <netinet/in.h>

namespace lintel::net {

namespace {

using state = proxy_header::state;
using namespace std::string_view_literals;

constexpr auto line_start = "PROXY "sv;
constexpr std::size_t line_limit_bytes = 107;  // with CRLF

constexpr auto signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::size_t fixed_bytes = 16;  // the signature, version and command, family and transport, length
constexpr unsigned char version_2_local = 0x20;
constexpr unsigned char version_2_proxy = 0x21;
constexpr unsigned char tcp_over_ipv4 = 0x11;
constexpr unsigned char tcp_over_ipv6 = 0x21;

using v6_bytes = std::array<unsigned char, 16>;

// ---------------------------------------------------------------- v1

/// As the text has it: an address of this family and no brackets, a port without leading zeros.
std::optional<address> read_end(int family, std::string_view ip, std::string_view port)
{
    auto number = text::parse_decimal(port);
    if (!number || *number > 65535 || (port.size() > 1 && port.starts_with('0'))) return std::nullopt;
    bool has_family = (ip.find(':') != ip.npos) == (family == AF_INET6);
    if (!has_family || ip.starts_with('[')) return std::nullopt;
    auto read = address::of_ip(ip, static_cast<std::uint16_t>(*number));
    return read ? std::optional(*read) : std::nullopt;
}

proxy_header read_line(std::string_view bytes)
{
    auto within = bytes.substr(0, line_limit_bytes);
    auto end = within.find('\n');
    if (end == within.npos) return {within.size() < line_limit_bytes ? state::need_more : state::malformed};
    if (within[end - 1] != '\r') return {state::malformed};
    auto line = within.substr(line_start.size(), end - 1 - line_start.size());
    proxy_header whole{state::whole, end + 1};

    auto words = text::split(line, ' ');
    if (words[0] == "UNKNOWN") return whole;  // whatever follows is to be ignored
    if ((words[0] != "TCP4" && words[0] != "TCP6") || words.size() != 5) return {state::malformed};
    int family = words[0] == "TCP4" ? AF_INET : AF_INET6;
    auto source = read_end(family, words[1], words[3]);
    auto destination = read_end(family, words[2], words[4]);
    if (!source || !destination) return {state::malformed};
    whole.ends = {*source, *destination};
    return whole;
}

// ---------------------------------------------------------------- v2

std::uint16_t read_u16(std::string_view bytes)
{
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
}

/// `ip` and `port`: big-endian, as sockaddr has them.
address of_bytes(std::string_view ip, std::string_view port)
{
    if (ip.size() == 4) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        std::memcpy(&v4.sin_addr, ip.data(), 4);
        std::memcpy(&v4.sin_port, port.data(), 2);
        return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, ip.data(), 16);
    std::memcpy(&v6.sin6_port, port.data(), 2);
    return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

/// Both addresses, then both ports.
connection_ends read_ends(std::string_view block, std::size_t ip_bytes)
{
    auto ports = block.substr(2 * ip_bytes);
    return {of_bytes(block.substr(0, ip_bytes), ports.substr(0, 2)),
            of_bytes(block.substr(ip_bytes, ip_bytes), ports.substr(2, 2))};
}

/// What the addresses of this family take; extensions come after them.
std::size_t block_bytes(unsigned family)
{
    constexpr std::array<std::size_t, 4> of_family{0, 2 * (4 + 2), 2 * (16 + 2), 2 * 108};  // none, IPv4, IPv6, unix
    return of_family[family];
}

proxy_header read_binary(std::string_view bytes)
{
    if (bytes.size() < fixed_bytes) return {state::need_more};
    auto command = static_cast<unsigned char>(bytes[12]);
    auto protocol = static_cast<unsigned char>(bytes[13]);
    auto length = read_u16(bytes.substr(14));
    if (command != version_2_local && command != version_2_proxy) return {state::malformed};
    if (fixed_bytes + length > proxy_header_limit_bytes) return {state::malformed};
    bool says = command == version_2_proxy;  // LOCAL: all that follows is to be ignored
    unsigned family = protocol >> 4, transport = protocol & 0x0F;
    if (says && (family > 3 || transport > 2 || length < block_bytes(family))) return {state::malformed};

    if (bytes.size() < fixed_bytes + length) return {state::need_more};
    proxy_header whole{state::whole, fixed_bytes + length};
    auto block = bytes.substr(fixed_bytes, length);
    if (says && protocol == tcp_over_ipv4) whole.ends = read_ends(block, 4);
    if (says && protocol == tcp_over_ipv6) whole.ends = read_ends(block, 16);
    return whole;
}

// ---------------------------------------------------------------- writing

v6_bytes as_v6(const address& ip)
{
    v6_bytes bytes{};
    if (ip.family() == AF_INET6) {
        std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(ip.raw())->sin6_addr, 16);
    } else {
        bytes[10] = bytes[11] = 0xFF;
        std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(ip.raw())->sin_addr, 4);
    }
    return bytes;
}

enum class family { none, v4, v6 };

family family_of(const connection_ends& ends)
{
    if (!ends.source.is_ip() || !ends.destination.is_ip()) return family::none;
    bool both_v4 = ends.source.family() == AF_INET && ends.destination.family() == AF_INET;
    return both_v4 ? family::v4 : family::v6;
}

std::string write_line(const connection_ends& ends)
{
    auto common = family_of(ends);
    if (common == family::none) return "PROXY UNKNOWN\r\n";
    auto ip = [&](const address& of) {
        return common == family::v6 && of.family() == AF_INET ? "::ffff:" + of.ip() : of.ip();
    };
    return std::string(line_start) + (common == family::v4 ? "TCP4 " : "TCP6 ") + ip(ends.source) + " " +
           ip(ends.destination) + " " + std::to_string(ends.source.port()) + " " +
           std::to_string(ends.destination.port()) + "\r\n";
}

void append_u16(std::string& to, std::size_t value)
{
    to += static_cast<char>(value >> 8);
    to += static_cast<char>(value & 0xFF);
}

std::string write_binary(const connection_ends& ends)
{
    auto common = family_of(ends);
    constexpr std::array<unsigned char, 3> protocols{0, tcp_over_ipv4, tcp_over_ipv6};
    auto index = static_cast<unsigned>(common);
    std::string header(signature);
    header += static_cast<char>(version_2_proxy);
    header += static_cast<char>(protocols[index]);
    append_u16(header, block_bytes(index));
    if (common == family::none) return header;
    for (const auto* each : {&ends.source, &ends.destination}) {
        auto bytes = as_v6(*each);
        header.append(common == family::v4 ? bytes.begin() + 12 : bytes.begin(), bytes.end());
    }
    append_u16(header, ends.source.port());
    append_u16(header, ends.destination.port());
    return header;
}

}  // namespace

proxy_header read_proxy_header(std::string_view first_bytes)
{
    for (auto start : {line_start, signature}) {
        auto have = std::min(first_bytes.size(), start.size());
        if (first_bytes.substr(0, have) != start.substr(0, have)) continue;
        if (have < start.size()) return {state::need_more};
        return start == line_start ? read_line(first_bytes) : read_binary(first_bytes);
    }
    return {state::not_one};
}

std::string write_proxy_header(proxy_version version, const connection_ends& ends)
{
    return version == proxy_version::v1 ? write_line(ends) : write_binary(ends);
}

}  // namespace lintel::net
