#include "proxy/admission.hpp"

namespace lintel::proxy {

admission::verdict admission::enter(const net::address& from, bool another_leaves)
{
    if (!count_client(from)) return verdict::client_full;
    auto before = open_.fetch_add(1, std::memory_order_relaxed);
    if (before < caps_.connections || another_leaves) return verdict::admitted;
    leave(from);
    return verdict::full;
}

void admission::leave(const net::address& from)
{
    open_.fetch_sub(1, std::memory_order_relaxed);
    if (caps_.exempt.contains(from)) return;
    auto client = from.network();
    auto& mine = shard_of(client);
    std::scoped_lock lock(mine.access);
    auto found = mine.open.find(client);
    if (--found->second == 0) mine.open.erase(found);
}

/// First the client's own share: a greedy one must not make others leave.
bool admission::count_client(const net::address& from)
{
    if (caps_.exempt.contains(from)) return true;
    auto client = from.network();
    auto& mine = shard_of(client);
    std::scoped_lock lock(mine.access);
    auto& count = mine.open[client];
    if (count >= caps_.per_client) return false;
    ++count;
    return true;
}

}  // namespace lintel::proxy
