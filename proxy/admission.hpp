#pragma once
// How many clients may be connected, in all and each of them.

#include "net/address.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

namespace lintel::proxy {

/// Shared by the workers of an edge; exact. Taken once a connection, not once a request.
class admission {
public:
    /// `per_client`: of one IPv4 address or IPv6 /64 network. Those of `exempt` networks count in all only: behind a
    /// trusted proxy there are many clients.
    struct caps {
        std::size_t connections, per_client;
        net::network_set exempt;
    };
    explicit admission(caps limits) : caps_(std::move(limits)) {}

    enum class verdict { admitted, full, client_full };

    /// Counts a connection in, where it is admitted. `another_leaves`: one that was closed for it is still counted.
    verdict enter(const net::address& from, bool another_leaves = false);

    /// Who is counted together; none where the client counts in all only.
    using guest_id = std::optional<net::address::network_bits>;
    guest_id guest(const net::address& from) const;

    /// One that was admitted is another's: a proxy in front said so. False where that one has as many as it may;
    /// `client` stays as it was then.
    bool rename(guest_id& client, const net::address& to);

    /// Counts one that was admitted out.
    void leave(guest_id client);

private:
    struct shard {
        std::mutex access;
        std::map<net::address::network_bits, std::size_t> open;
    };
    shard& shard_of(net::address::network_bits client) { return shards_[(client.second * 0x9E3779B97F4A7C15) >> 58]; }
    bool count_in(guest_id client);
    void count_out(guest_id client);

    caps caps_;
    std::atomic<std::size_t> open_{0};
    std::array<shard, 64> shards_;
};

}  // namespace lintel::proxy
