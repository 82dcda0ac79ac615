#include "proxy/admission.hpp"

namespace lintel::proxy {

admission::verdict admission::enter(const net::address& from, bool another_leaves)
{
    auto before = open_.fetch_add(1, std::memory_order_relaxed);
    if (before >= caps_.connections && !another_leaves) {
        open_.fetch_sub(1, std::memory_order_relaxed);
        return verdict::full;
    }
    if (!counts_alone(from)) return verdict::admitted;
    auto client = from.network_key();
    auto& mine = shard_of(client);
    std::scoped_lock lock(mine.access);
    auto& count = mine.open[client];
    if (count < caps_.per_client) {
        ++count;
        return verdict::admitted;
    }
    open_.fetch_sub(1, std::memory_order_relaxed);
    return verdict::client_full;
}

void admission::leave(const net::address& from)
{
    open_.fetch_sub(1, std::memory_order_relaxed);
    if (!counts_alone(from)) return;
    auto client = from.network_key();
    auto& mine = shard_of(client);
    std::scoped_lock lock(mine.access);
    auto found = mine.open.find(client);
    if (--found->second == 0) mine.open.erase(found);
}

}  // namespace lintel::proxy
