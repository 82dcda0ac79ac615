#pragma once
// Whether a name leads here, found out before a CA is asked: a token of ours is read through it, or a challenge
// certificate of ours is seen.

#include "acme/challenge_board.hpp"
#include "acme/public_names.hpp"  // both are asked before a CA is
#include "http/fetch.hpp"
#include "net/address.hpp"
#include "net/worker.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lintel::acme {

enum class challenge_type { http_01, tls_alpn_01, dns_01 };

struct preflight_settings {
    std::vector<net::address> resolvers;           ///< whom to ask for A and AAAA, ports included; never empty
    std::uint16_t http_port = 80, tls_port = 443;  ///< where a CA would knock; others in tests only
    duration limit = std::chrono::seconds(10);     ///< for each try
};

struct preflight_report {
    enum class verdict {
        works,   ///< every address shows what we show, by at least one of the asked challenges
        wrong,   ///< another server answers at one of them, or there is no address
        silent,  ///< nobody answers: a NAT without hairpin, or a firewall
    };
    verdict what = verdict::silent;
    std::vector<challenge_type> working;  ///< of those asked for: the first, and dns_01
    std::string why;  ///< for the owner: "AAAA 2001:db8::1 leads to another server: it answered 404 from nginx"; empty
                      ///< where all works
};

/// Tries `types`, one after the other until one works, through all addresses of `name` (a DNS name, or an address
/// itself) at once. Shows its probes on `board` and takes them down, also when it is cancelled. dns_01 needs no
/// address: it works, and is all that a wildcard can have. What is referred to must outlive the task.
task<preflight_report> look_ahead(net::worker& home, http::fetcher& fetcher, challenge_board& board,
                                  const preflight_settings& how, std::string name, std::vector<challenge_type> types);

}  // namespace lintel::acme
