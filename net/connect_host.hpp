#pragma once
// A connection to a host by its name: whichever of its addresses takes us first (RFC 8305, "happy eyeballs").

#include "net/resolver.hpp"
#include "net/socket.hpp"
#include "net/task_group.hpp"

namespace lintel::net {

/// One connection to one host, which plain code on the worker may give up. Outlives its run(); nothing that run()
/// starts outlives run().
class host_connect {
public:
    static constexpr duration stagger = std::chrono::milliseconds(250);  // RFC 8305 §5
    static constexpr std::size_t most_at_once = 3;

    host_connect(worker& home, resolver& names, std::string host, std::uint16_t port);
    host_connect(const host_connect&) = delete;

    /// Connects within `limit`, which covers the name servers and every attempt. The families take turns, an attempt
    /// starts 250 ms after the one before or when one has failed, and the first to connect wins. At most three run at a
    /// time: where more addresses wait, the oldest is given up. One address is one plain attempt.
    /// Once. Errors: `timed_out` at the end of `limit`, `operation_aborted` after abort(), those of `lookup`; where
    /// every attempt failed the last one's, or "refused" if one was.
    task<result<std::unique_ptr<stream>>> run(duration limit);

    /// Makes run() return at once. Does no harm at any time.
    void abort();

private:
    using attempts = std::list<connecting>;

    task<void> race(std::vector<address> addresses, time_point end);
    task<void> attempt(attempts::iterator mine, time_point end);
    bool decided(time_point end) const;  ///< or `end` has passed
    void give_up_the_oldest();

    worker& home_;
    lookup question_;
    event changed_;
    attempts running_;
    std::unique_ptr<stream> winner_;
    error_code failure_;  ///< the one to tell if nobody wins
    std::size_t failures_ = 0;
    bool aborted_ = false;
    task_group racers_;  // last: its tasks use every member above
};

/// As `host_connect`, for callers that have no need to give up.
task<result<std::unique_ptr<stream>>> connect_host(worker& home, resolver& names, std::string host, std::uint16_t port,
                                                   duration limit);

}  // namespace lintel::net
