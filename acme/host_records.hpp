#pragma once
// Where the public DNS says that a name is. Nothing of this machine's own (/etc/hosts, search lists) is asked: a CA
// doesn't know it.

#include "net/address.hpp"
#include "net/worker.hpp"

#include <string>
#include <vector>

namespace lintel::acme {

struct host_record {
    std::string text;    ///< for people: "A 192.0.2.1", "AAAA 2001:db8::1"; of an address itself "192.0.2.1"
    net::address where;  ///< of port 0
};

struct host_records {
    static constexpr std::size_t most = 8;

    std::vector<host_record> all;  ///< the families in turn, IPv6 first; `most` of them
    std::string unreachable;       ///< text of a record that no CA can follow: link-local, 0.0.0.0, IPv4 in an AAAA
    bool no_name = false;          ///< the name itself does not exist
    bool failed = false;           ///< a family's question had no answer
};

/// Both families of `name`, asked of `resolvers`, within `limit`. An address is itself.
task<host_records> records_of(net::worker& home, std::vector<net::address> resolvers, std::string name, duration limit);

net::address with_port(const net::address& which, std::uint16_t port);

}  // namespace lintel::acme
