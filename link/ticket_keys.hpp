#pragma once
// The keys that seal TLS session tickets: made by control, held by edges, on no disk.

#include "base/clock.hpp"

#include <string>
#include <vector>

namespace lintel::link {

struct ticket_key {
    std::string secret;  ///< raw bytes (tls::ticket_key); hexadecimal in JSON
    wall_clock::time_point made;

    bool operator==(const ticket_key&) const = default;
};

/// A new key every 12 hours; three are kept, so that a ticket can be used for at least 24. Pure: the time is passed in.
class ticket_rotation {
public:
    static constexpr auto period = std::chrono::hours(12);
    static constexpr std::size_t kept = 3;

    /// What the other side of the link still has. Theirs and ours become one list.
    void adopt(const std::vector<ticket_key>& theirs, wall_clock::time_point now);

    /// Makes a key where the newest is older than the period, or there is none. True when it did.
    bool renew(wall_clock::time_point now);

    /// Newest first.
    const std::vector<ticket_key>& keys() const { return keys_; }

private:
    std::vector<ticket_key> keys_;
};

}  // namespace lintel::link
