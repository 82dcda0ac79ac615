#include "net/readiness.hpp"

#include "net/error.hpp"

#include <cassert>

#include <sys/epoll.h>

namespace lintel::net {

bool ready_wait::await_ready() const { return of_ == nullptr || of_->may(what_); }

void ready_wait::begin() { of_->begin(*this); }

void ready_wait::give_up()
{
    if (of_ == nullptr) return;
    if (auto& mine = of_->of(what_); mine.waiter == this) mine.waiter = nullptr;
    known_ = errc::aborted;
    of_ = nullptr;
}

result<void> readiness::watch(int descriptor)
{
    auto watched = home_.watch(descriptor, EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
    if (watched) descriptor_ = descriptor;
    return watched;
}

void readiness::end(open_file whose)
{
    if (descriptor_ >= 0 && whose == open_file::shared) home_.forget(descriptor_);
    descriptor_ = -1;
    ended_ = true;
    for (auto& each : sides_) finish(each, errc::aborted);
}

void readiness::expires_at(direction what, time_point when)
{
    auto& mine = of(what);
    mine.absolute = when;
    if (mine.waiter != nullptr) renew(mine);
}

void readiness::set_patience(direction what, duration limit)
{
    auto& mine = of(what);
    mine.patience = limit;
    if (mine.waiter != nullptr) renew(mine);
}

void readiness::begin(ready_wait& waiter)
{
    if (ended_) return waiter.end_with(errc::aborted);
    auto& mine = of(waiter.what_);
    assert(mine.waiter == nullptr);
    finish(mine, errc::aborted);
    mine.waiter = &waiter;
    renew(mine);
}

/// The limits may change while a wait runs: a response is awaited with patience only once the request is sent.
void readiness::renew(side& mine)
{
    mine.until = mine.patience == duration{} ? mine.absolute : std::min(mine.absolute, home_.time() + mine.patience);
    if (mine.until < when()) set(mine.until);  // a deadline that is too early is looked at again then
}

void readiness::happened(unsigned events)
{
    constexpr unsigned gone = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    hung_up_ = hung_up_ || (events & gone) != 0;
    urgent_ = urgent_ || (events & EPOLLPRI) != 0;
    auto& [reading, writing] = sides_;
    if (events & (EPOLLIN | gone)) {
        reading.ready = true;
        finish(reading, {});
    }
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        writing.ready = true;
        finish(writing, {});
    }
}

void readiness::late()
{
    auto now = steady_clock::now();
    for (auto& each : sides_) {
        if (each.waiter != nullptr && each.until <= now) finish(each, errc::timed_out);
    }
    for (auto& each : sides_) {
        if (each.waiter != nullptr && each.until < when()) set(each.until);
    }
}

void readiness::finish(side& mine, error_code how)
{
    if (auto* waiter = std::exchange(mine.waiter, nullptr)) waiter->end_with(how);
}

}  // namespace lintel::net
