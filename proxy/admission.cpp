#include "proxy/admission.hpp"

namespace lintel::proxy {

admission::verdict admission::enter(const net::address& from, bool another_leaves)
{
    auto client = guest(from);
    if (!count_in(client)) return verdict::client_full;
    auto before = open_.fetch_add(1, std::memory_order_relaxed);
    if (before < caps_.connections || another_leaves) return verdict::admitted;
    leave(client);
    return verdict::full;
}

admission::guest_id admission::guest(const net::address& from) const
{
    if (caps_.exempt.contains(from)) return {};
    return from.network();
}

void admission::leave(guest_id client)
{
    open_.fetch_sub(1, std::memory_order_relaxed);
    count_out(client);
}

bool admission::rename(guest_id& client, const net::address& to)
{
    auto next = guest(to);
    if (next == client) return true;
    if (!count_in(next)) return false;
    count_out(std::exchange(client, next));
    return true;
}

void admission::count_out(guest_id client)
{
    if (!client) return;
    auto& mine = shard_of(*client);
    std::scoped_lock lock(mine.access);
    auto found = mine.open.find(*client);
    if (--found->second == 0) mine.open.erase(found);
}

/// First the client's own share: a greedy one must not make others leave.
bool admission::count_in(guest_id client)
{
    if (!client) return true;
    auto& mine = shard_of(*client);
    std::scoped_lock lock(mine.access);
    auto& count = mine.open[*client];
    if (count >= caps_.per_client) return false;
    ++count;
    return true;
}

}  // namespace lintel::proxy
