#include "acme/leftovers.hpp"

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr auto month = 30 * 24h;

template <class Record, class LastUse>
void collect(const store::table<Record>& all, wall_clock::time_point before, LastUse last_use,
             std::vector<std::string>& into)
{
    for (const auto& [key, each] : all) {
        if (last_use(each) < before) into.push_back(key);
    }
}

}  // namespace

store::changes leftovers(const store::contents& all, const std::set<std::string>& in_use, wall_clock::time_point now)
{
    store::changes step;
    auto before = now - month;
    collect(all.certificates, before, [](const auto& each) { return each.not_after; }, step.certificates.erase);
    collect(all.orders, before, [](const auto& each) { return each.created; }, step.orders.erase);
    collect(all.setbacks, before, [](const auto& each) { return each.next_try; }, step.setbacks.erase);
    collect(all.buckets, before, [](const auto& each) { return each.updated; }, step.buckets.erase);
    auto stays = [&](const auto& id) { return in_use.contains(id); };
    std::erase_if(step.certificates.erase, stays);
    std::erase_if(step.orders.erase, stays);
    return step;
}

}  // namespace lintel::acme
