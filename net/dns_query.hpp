#pragma once
// Questions to name servers beyond addresses (RFC 1035), for control: TXT, NS, SOA, CNAME, CAA.

#include "net/address.hpp"
#include "net/worker.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lintel::net {

enum class dns_type : std::uint16_t { ns = 2, cname = 5, soa = 6, txt = 16, caa = 257 };

/// What a name server says of one name. Aliases are not followed.
struct dns_reply {
    enum class kind {
        found,   ///< `values` holds at least one
        absent,  ///< the name exists, but nothing of this type
        no_name,
        failed,  ///< SERVFAIL, REFUSED, no answer, or one that can't be read; `why` says which
    };
    kind what = kind::failed;
    std::vector<std::string> values;  ///< txt: the strings joined; ns, cname: the name, lower case, no trailing dot;
                                      ///< soa: the zone's name; caa: "FLAGS TAG VALUE"
    std::string zone;                 ///< owner of the SOA in the authority section of absent and no_name answers
    std::string why;
};

/// Asks `servers` (port included) in turn until one answers; UDP, and TCP where the answer is cut short. `recursion`
/// false: of authoritative servers. Gives up after `limit`.
task<dns_reply> query(worker& home, std::vector<address> servers, std::string name, dns_type type, bool recursion,
                      duration limit);

/// The name servers of /etc/resolv.conf; 127.0.0.1:53 where it names none.
std::vector<address> system_name_servers();

/// The same of a text in the form of resolv.conf(5).
std::vector<address> name_servers_in(std::string_view resolv_conf);

}  // namespace lintel::net
