#include "net/event_loop.hpp"

#include <cerrno>
#include <system_error>

#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace lintel::net {

namespace {

constexpr int most_events = 256;  ///< of one round

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

event_loop::event_loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
{
    epoll_event rung{};
    rung.events = EPOLLIN;
    rung.data.ptr = nullptr;
    if (!epoll_ || !bell_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, bell_.get(), &rung) != 0)
        throw std::system_error(errno, std::system_category(), "an event loop");
}

event_loop::~event_loop() = default;

void event_loop::run()
{
    while (!stopping_) round(duration::max());
    stopping_ = false;
}

void event_loop::stop()
{
    stopping_ = true;
    wake_up();
}

void event_loop::post(std::function<void()> job)
{
    {
        std::lock_guard hold(jobs_guard_);
        jobs_.push_back(std::move(job));
    }
    wake_up();
}

void event_loop::wake_up()
{
    if (called_.exchange(true) || thread_ == std::this_thread::get_id()) return;
    std::uint64_t once = 1;
    (void)!::write(bell_.get(), &once, sizeof once);
}

void event_loop::round(duration longest)
{
    thread_ = std::this_thread::get_id();
    collect(patience_ms(longest));
    ring();
    run_jobs();
    go_on();
}

result<void> event_loop::watch(int descriptor, unsigned events, event_source& source)
{
    return tell(EPOLL_CTL_ADD, descriptor, events, source);
}

result<void> event_loop::rewatch(int descriptor, unsigned events, event_source& source)
{
    return tell(EPOLL_CTL_MOD, descriptor, events, source);
}

result<void> event_loop::tell(int operation, int descriptor, unsigned events, event_source& source)
{
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = &source;
    if (::epoll_ctl(epoll_.get(), operation, descriptor, &wanted) != 0) return last_error();
    return {};
}

void event_loop::forget(int descriptor)
{
    epoll_event unused{};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, &unused);
}

int event_loop::patience_ms(duration longest) const
{
    if (!queue_.empty() || called_) return 0;
    if (!alarms_.empty()) longest = std::min(longest, std::max(alarms_.begin()->first, time_) - time_);
    if (longest == duration::max()) return -1;
    auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
    return static_cast<int>(std::clamp<std::int64_t>(rounded_up, 0, 60'000));
}

void event_loop::collect(int patience_ms)
{
    std::array<epoll_event, most_events> events;
    auto count = ::epoll_wait(epoll_.get(), events.data(), most_events, patience_ms);
    time_ = steady_clock::now();
    for (int i = 0; i < count; ++i) {
        auto& each = events[static_cast<std::size_t>(i)];
        if (each.data.ptr != nullptr) {
            static_cast<event_source*>(each.data.ptr)->happened(each.events);
        } else {
            std::uint64_t rings = 0;
            (void)!::read(bell_.get(), &rings, sizeof rings);
        }
    }
    if (count < most_events) ++looks_;
}

void event_loop::ring()
{
    if (alarms_.empty()) return;
    while (!alarms_.empty() && alarms_.begin()->first <= time_) {
        auto& due = *alarms_.begin()->second;
        due.set_ = false;
        alarms_.erase(alarms_.begin());
        soon(due);
    }
}

void event_loop::run_jobs()
{
    if (!called_.exchange(false)) return;
    std::vector<std::function<void()>> now;
    {
        std::lock_guard hold(jobs_guard_);
        now.swap(jobs_);
    }
    for (auto& each : now) each();
}

/// Who is woken meanwhile has its turn in the next round, after a look at the descriptors.
void event_loop::go_on()
{
    decltype(queue_) now;
    now.swap(queue_);
    while (!now.empty() && !stopping_) {
        auto& first = now.front();
        now.pop_front();
        first.go_on();
    }
    queue_.splice(queue_.begin(), now);
}

void alarm::set(time_point when)
{
    clear();
    if (when == time_point::max()) return;
    place_ = home_.alarms_.emplace(when, this);
    set_ = true;
}

void alarm::clear()
{
    if (std::exchange(set_, false)) home_.alarms_.erase(place_);
    if (is_linked()) unlink();
}

}  // namespace lintel::net
