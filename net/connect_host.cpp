#include "net/connect_host.hpp"

#include "net/error.hpp"

#include <algorithm>

namespace lintel::net {

namespace {

/// The families in turn, the first address' first (RFC 8305 §4).
std::vector<address> interleaved(const std::vector<address>& all)
{
    std::vector<address> first, second, out;
    for (const auto& each : all) (each.family() == all.front().family() ? first : second).push_back(each);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) out.push_back(first[i]);
        if (i < second.size()) out.push_back(second[i]);
    }
    return out;
}

}  // namespace

host_connect::host_connect(worker& home, resolver& names, std::string host, std::uint16_t port)
    : home_(home), question_(names, std::move(host), port), changed_(home), racers_(home)
{
}

task<result<std::unique_ptr<stream>>> host_connect::run(duration limit)
{
    auto end = steady_clock::now() + limit;
    auto addresses = co_await question_.run(end);
    if (aborted_) co_return net::errc::aborted;
    if (!addresses) co_return addresses.error();
    if (addresses->size() == 1) {
        running_.emplace_back(home_, addresses->front());
        co_return co_await running_.back().run(end);
    }
    co_await racers_.alongside(race(interleaved(*addresses), end));
    if (aborted_) co_return net::errc::aborted;
    if (winner_) co_return std::move(winner_);
    if (!failure_ || steady_clock::now() >= end) co_return errc::timed_out;
    co_return failure_;
}

void host_connect::abort()
{
    aborted_ = true;
    question_.abort();
    for (auto& each : running_) each.abort();
    changed_.notify();
}

task<void> host_connect::race(std::vector<address> addresses, time_point end)
{
    for (const auto& each : addresses) {
        if (decided(end)) co_return;
        if (running_.size() >= most_at_once) give_up_the_oldest();
        auto mine = running_.emplace(running_.end(), home_, each);
        racers_.spawn("connect", attempt(mine, end));
        auto next = std::min(end, steady_clock::now() + stagger);
        auto failures = failures_;  // those that were given up don't hurry the next
        while (failures_ == failures && !decided(next)) co_await changed_.wait_until(next);
    }
    while (!running_.empty() && !decided(end)) co_await changed_.wait_until(end);
}

task<void> host_connect::attempt(attempts::iterator mine, time_point end)
{
    struct seat {
        ~seat()
        {
            of.running_.erase(mine);
            of.changed_.notify();
        }
        host_connect& of;
        attempts::iterator mine;
    };
    seat here{*this, mine};
    auto connected = co_await mine->run(end);
    if (connected) {
        if (!winner_) winner_ = std::move(*connected);
    } else if (connected.error() != net::errc::aborted) {
        ++failures_;
        if (failure_ != boost::system::errc::connection_refused) failure_ = connected.error();
    }
}

bool host_connect::decided(time_point end) const { return winner_ || aborted_ || steady_clock::now() >= end; }

/// Its task takes it off the list a little later.
void host_connect::give_up_the_oldest() { running_.front().abort(); }

task<result<std::unique_ptr<stream>>> connect_host(worker& home, resolver& names, std::string host, std::uint16_t port,
                                                   duration limit)
{
    host_connect one(home, names, std::move(host), port);
    co_return co_await one.run(limit);
}

}  // namespace lintel::net
