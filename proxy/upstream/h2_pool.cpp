#include "proxy/upstream/h2_pool.hpp"

#include "net/error.hpp"

#include <algorithm>

namespace lintel::proxy {

namespace {

constexpr std::size_t usual_streams =
    100;  ///< that a connection will carry, as long as nobody has said (RFC 9113 §6.5.2)

}  // namespace

void h2_pool::find(finding what)
{
    if (std::exchange(found_, what) != what) wake_all({});
}

std::unique_ptr<http::h2_call> h2_pool::take_any()
{
    http::h2_upstream* best = nullptr;
    for (const auto& each : connections_) {
        if (each->has_room() && (best == nullptr || each->calls() < best->calls())) best = each.get();
    }
    return best != nullptr ? best->begin_call() : nullptr;
}

h2_pool::place::place(h2_pool& pool, net::event& woken)
    : pool_(pool), woken_(woken), here_(pool.waiting_.insert(pool.waiting_.end(), this))
{
    // Room that came about without anybody saying so is for the first, too, before it is for us.
    if (pool_.waiting_.front() != this) pool_.wake_first();
}

h2_pool::place::~place()
{
    pool_.waiting_.erase(here_);
    pool_.wake_first();
}

task<result<void>> h2_pool::place::wait(time_point end)
{
    if (steady_clock::now() >= end || !co_await woken_.wait_until(end)) co_return net::errc::timed_out;
    if (why_) co_return why_;
    co_return result<void>{};
}

std::unique_ptr<http::h2_call> h2_pool::place::take()
{
    return pool_.waiting_.front() == this ? pool_.take_any() : nullptr;
}

bool h2_pool::may_open(std::size_t most) const
{
    auto open = opening_, room = opening_ * usual_streams;
    for (const auto& each : connections_) {
        if (each->leaving()) continue;
        ++open;
        room += each->has_said_how_many() ? each->room() : usual_streams;
    }
    return open < most && waiting_.size() > room;
}

void h2_pool::add(std::shared_ptr<http::h2_upstream> connected)
{
    connected->when_told([this] { wake_all({}); });
    connections_.push_back(std::move(connected));
}

h2_pool::opening::~opening()
{
    --pool_.opening_;
    pool_.wake_all(why_);
}

void h2_pool::leave()
{
    auto connections = std::move(connections_);
    connections_.clear();
    for (const auto& each : connections) each->leave();
    wake_all({});
}

void h2_pool::prune(time_point now, duration longest_idle)
{
    std::erase_if(connections_, [&](const auto& each) {
        bool idle = each->calls() == 0 && (each->leaving() || now - each->idle_since() > longest_idle);
        if (idle) each->leave();
        return idle || each->over();
    });
}

void h2_pool::wake_first()
{
    if (!waiting_.empty()) waiting_.front()->woken_.notify();
}

void h2_pool::wake_all(error_code why)
{
    for (auto* each : waiting_) {
        each->why_ = why;
        each->woken_.notify();
    }
}

}  // namespace lintel::proxy
