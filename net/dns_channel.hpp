#pragma once
// Questions to name servers, for one worker. The only door to c-ares.

#include "net/address.hpp"
#include "net/worker.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lintel::net {

/// What came of one question. `life`: the shortest TTL on the way to the addresses; only with `found`.
struct dns_answer {
    enum class kind { found, absent, failed };

    kind what = kind::failed;
    std::vector<address> addresses;  ///< of port 0
    duration life{};
    bool no_name = false;  ///< with `absent`: the name itself does not exist (RFC 8020), whatever one asks of it
};

/// Belongs to one worker. Keeps no answers.
class dns_channel {
public:
    /// `servers`: the name servers to ask; none = those of /etc/resolv.conf. Throws when c-ares does not start.
    dns_channel(worker& home, const std::vector<address>& servers);

    /// What is still asked is answered with `failed`.
    ~dns_channel();

    /// Asks for the addresses of one family (AF_INET or AF_INET6). A name with a trailing dot is asked of the name
    /// servers and nobody else; without one the search list, /etc/hosts and what RFC 6761 says of .localhost count,
    /// too. `then` gets the answer once, perhaps inside this call, at the latest when the channel goes; it must neither
    /// throw nor destroy the channel.
    void ask(const std::string& host, int family, std::function<void(dns_answer)> then);

    /// What /etc/hosts says of one family. Reads the file.
    std::vector<address> in_hosts_file(const std::string& host, int family) const;

private:
    class native;
    std::unique_ptr<native> native_;
};

}  // namespace lintel::net
