#pragma once
// Names → addresses, for one worker.

#include "net/dns_channel.hpp"
#include "net/event.hpp"

#include <list>
#include <map>

namespace lintel::net {

/// Asks for both families and keeps answers for their TTL (1 to 60 s). When the name servers fail, the last good answer
/// stays in use; only their word that the name does not exist ends it. One question per name at a time, however many
/// wait for it. /etc/hosts comes first. Belongs to one worker and outlives every `lookup`.
class resolver {
public:
    static constexpr std::size_t most_names = 1024;

    /// `servers`: the name servers to ask; none = those of /etc/resolv.conf.
    explicit resolver(worker& home, const std::vector<address>& servers = {});

    /// As a `lookup` without an end.
    task<result<std::vector<address>>> resolve(std::string host, std::uint16_t port);

private:
    friend class lookup;
    struct known_name;

    std::shared_ptr<known_name> find(const std::string& host);
    void make_room();
    void refresh(const std::string& host, const std::shared_ptr<known_name>& name);
    void take(const std::string& host, known_name& name, int family, dns_answer answer);

    event_loop& home_;
    // Shared: a name may be dropped from here while lookups still wait for its answer.
    std::map<std::string, std::shared_ptr<known_name>, std::less<>> names_;
    dns_channel channel_;  // last: as it goes it answers what is still asked
};

/// One caller's question, which plain code on the worker may give up. Outlives its run().
class lookup {
public:
    lookup(resolver& names, std::string host, std::uint16_t port);
    lookup(const lookup&) = delete;

    /// The addresses, IPv6 first; an IP address is itself. An answer that has expired is used rather than waiting more
    /// than 200 ms for a new one. Once. Errors: `name_not_found`, `resolver_failed`, `timed_out` at `end`,
    /// `operation_aborted` after abort().
    task<result<std::vector<address>>> run(time_point end);

    /// Makes run() return at once; the question itself goes on for others. Does no harm at any time.
    void abort();

private:
    task<void> wait_for(resolver::known_name& name, time_point end);
    result<std::vector<address>> outcome(const resolver::known_name& name) const;

    resolver& names_;
    std::string host_;
    std::uint16_t port_;
    event answered_;
    bool aborted_ = false;
};

}  // namespace lintel::net
