#include "proxy/upstream/h2_pool.hpp"

#include "net/error.hpp"

#include <algorithm>

namespace lintel::proxy {

namespace {

constexpr std::size_t usual_streams =
    100;  ///< that a connection will carry, as long as nobody has said (RFC 9113 §6.5.2)

}  // namespace

/// Leaves the queue at its end, however that comes.
struct h2_pool::queued {
    queued(std::list<place*>& all, place& self) : list(all), here(list.insert(list.end(), &self)) {}
    queued(const queued&) = delete;
    ~queued() { list.erase(here); }

    std::list<place*>& list;
    std::list<place*>::iterator here;
};

void h2_pool::find(finding what)
{
    if (std::exchange(found_, what) != what) wake_all({});
}

std::unique_ptr<http::h2_call> h2_pool::take()
{
    http::h2_upstream* best = nullptr;
    for (const auto& each : connections_) {
        if (each->has_room() && (best == nullptr || each->calls() < best->calls())) best = each.get();
    }
    return best != nullptr ? best->begin_call() : nullptr;
}

bool h2_pool::may_open(std::size_t most) const
{
    auto open = opening_, promising = opening_;
    for (const auto& each : connections_) {
        if (each->leaving()) continue;
        ++open;
        if (!each->has_said_how_many()) ++promising;
    }
    return open < most && waiting_.size() >= promising * usual_streams;
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

task<result<void>> h2_pool::wait(net::event& woken, time_point end)
{
    place mine{&woken, {}};
    bool in_time = false;
    {
        queued in_line(waiting_, mine);
        in_time = co_await woken.wait_until(end);
    }
    if (mine.why) co_return mine.why;
    if (in_time) co_return result<void>{};
    call_ended();  // it may have been our turn
    co_return net::errc::timed_out;
}

void h2_pool::call_ended()
{
    if (!waiting_.empty()) waiting_.front()->woken->notify();
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
        bool idle = each->calls() == 0 && now - each->idle_since() > longest_idle;
        if (idle) each->leave();
        return idle || each->over();
    });
}

void h2_pool::wake_all(error_code why)
{
    for (auto* each : waiting_) {
        each->why = why;
        each->woken->notify();
    }
}

}  // namespace lintel::proxy
