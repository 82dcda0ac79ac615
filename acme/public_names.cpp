#include "acme/public_names.hpp"

#include "base/text.hpp"
#include "net/address.hpp"

#include <algorithm>
#include <array>

namespace lintel::acme {

namespace {

constexpr std::size_t longest_name = 253, longest_label = 63;  // RFC 1035 §2.3.4, without the root

/// Names below these are never delegated in the public DNS.
constexpr auto special_suffixes = std::to_array<std::string_view>({
    "localhost", "test", "invalid", "example",         // RFC 6761
    "local",                                           // RFC 6762
    "onion",                                           // RFC 7686
    "home.arpa",                                       // RFC 8375
    "alt",                                             // RFC 9476
    "internal",                                        // reserved by ICANN in 2024
    "lan", "home", "corp", "localdomain", "intranet",  // in wide use inside of networks
});

struct address_range {
    const char* network;
    const char* what;
};

/// RFC 6890 and what was registered after it. The first that holds an address names it.
constexpr auto special_ranges = std::to_array<address_range>({
    {"0.0.0.0/8", "addresses of \"this network\""},
    {"10.0.0.0/8", "private addresses"},
    {"100.64.0.0/10", "addresses of a carrier's NAT"},
    {"127.0.0.0/8", "loopback addresses"},
    {"169.254.0.0/16", "link-local addresses"},
    {"172.16.0.0/12", "private addresses"},
    {"192.0.0.0/24", "addresses for protocols"},
    {"192.0.2.0/24", "addresses for documentation"},
    {"192.88.99.0/24", "addresses of 6to4 relays"},
    {"192.168.0.0/16", "private addresses"},
    {"198.18.0.0/15", "addresses for benchmarks"},
    {"198.51.100.0/24", "addresses for documentation"},
    {"203.0.113.0/24", "addresses for documentation"},
    {"224.0.0.0/4", "multicast addresses"},
    {"240.0.0.0/4", "reserved addresses"},
    {"::1/128", "loopback addresses"},
    {"64:ff9b::/96", "addresses of NAT64"},
    {"64:ff9b:1::/48", "addresses of NAT64"},
    {"2001:db8::/32", "addresses for documentation"},
    {"3fff::/20", "addresses for documentation"},
    {"2001::/23", "addresses for protocols"},
    {"2002::/16", "addresses of 6to4"},
    {"fc00::/7", "private addresses"},
    {"fe80::/10", "link-local addresses"},
    {"ff00::/8", "multicast addresses"},
});
constexpr std::string_view global_unicast = "2000::/3";  // RFC 4291 §2.4: all that is given out so far

bool holds(std::string_view network, const net::address& which)
{
    return net::network_set::parse({std::string(network)})->contains(which);
}

std::string what_it_is(const net::address& which, std::string_view written)
{
    if (which.family() == AF_INET && written.contains(':')) return "IPv4 addresses written as IPv6";
    for (const auto& each : special_ranges) {
        if (holds(each.network, which)) return each.what;
    }
    bool special = which.family() == AF_INET6 && !holds(global_unicast, which);
    return special ? "reserved addresses" : "";
}

bool is_label(std::string_view label)
{
    bool fits = !label.empty() && label.size() <= longest_label && label.front() != '-' && label.back() != '-';
    return fits && std::ranges::all_of(label, [](char c) { return text::is_alnum(c) || c == '-'; });
}

/// What is wrong with it as a host name (RFC 1123 §2.1), as the end of a sentence; empty: nothing.
std::string fault_of(std::string_view host)
{
    bool ascii = std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii) return "has letters that DNS doesn't carry: write it as an A-label (xn--…)";
    auto labels = text::split(host, '.');
    if (host.size() > longest_name || !std::ranges::all_of(labels, is_label)) return "is no host name";
    if (std::ranges::all_of(labels.back(), text::is_digit)) return "is neither a host name nor an address";
    return "";
}

bool lies_below(std::string_view host, std::string_view suffix)
{
    if (host == suffix) return true;
    return host.ends_with(suffix) && host[host.size() - suffix.size() - 1] == '.';
}

std::string refusal(std::string_view name, std::string_view what)
{
    return text::printable(name) + ": no public CA issues certificates for " + std::string(what) +
           "; the local CA's is used";
}

}  // namespace

std::string why_not_public(std::string_view name)
{
    auto whole = text::lower(name);
    std::string_view host = whole;
    if (auto address = net::address::of_ip(host, 0)) {
        auto what = what_it_is(*address, host);
        return what.empty() ? "" : refusal(whole, what);
    }
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.starts_with("*.")) host.remove_prefix(2);
    if (auto fault = fault_of(host); !fault.empty()) return text::printable(name) + ' ' + fault;
    for (auto suffix : special_suffixes) {
        if (lies_below(host, suffix)) return refusal(whole, '.' + std::string(suffix));
    }
    if (!host.contains('.')) return refusal(whole, "names without a dot");
    return "";
}

}  // namespace lintel::acme
