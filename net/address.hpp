#pragma once
// Socket addresses and sets of networks.

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace lintel::net {

/// An IPv4 or IPv6 address with port, or a unix socket's path. v4-mapped IPv6 never occurs: it is stored as IPv4.
class address {
public:
    address() = default;
    address(const sockaddr* raw, socklen_t length);

    /// `ip`: IPv4, or IPv6 with or without brackets. Error: `not_an_address`.
    static result<address> of_ip(std::string_view ip, std::uint16_t port);
    static result<address> of_unix(std::string_view path);

    const sockaddr* raw() const
    {
        return unix_ ? reinterpret_cast<const sockaddr*>(unix_.get()) : reinterpret_cast<const sockaddr*>(&ip_);
    }
    socklen_t length() const { return length_; }
    int family() const { return raw()->sa_family; }
    std::uint16_t port() const;
    bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }

    /// Family, and what is likely one client's: the IPv4 address, or the /64 of an IPv6 address. 0 for unix sockets.
    using network_bits = std::pair<int, std::uint64_t>;
    network_bits network() const;

    std::string ip() const;         ///< "10.0.0.1", "2001:db8::1"; empty for unix sockets
    std::string to_string() const;  ///< "10.0.0.1:80", "[2001:db8::1]:80", "unix:/path"

private:
    sockaddr_in6 ip_{};  ///< or a sockaddr_in
    socklen_t length_ = 0;
    std::shared_ptr<const sockaddr_un> unix_;  ///< rare and long: not in every connection's address
};

/// "ADDR:PORT", "[::1]:443" or ":80". What listens is decided by `listening_addresses`.
struct host_port {
    std::string host;  ///< empty = every address
    std::uint16_t port = 0;
};
checked<host_port> parse_host_port(std::string_view text);

/// Networks in CIDR form; an address without a length is one host.
class network_set {
public:
    /// `networks`: "10.0.0.0/8", "::1", …
    static checked<network_set> parse(const std::vector<std::string>& networks);

    void add(const network_set& others)
    {
        networks_.insert(networks_.end(), others.networks_.begin(), others.networks_.end());
    }
    bool contains(const address& peer) const;
    bool contains_ip(std::string_view ip) const;

private:
    struct network {
        address base;
        unsigned prefix;
    };
    std::vector<network> networks_;
};

}  // namespace lintel::net
