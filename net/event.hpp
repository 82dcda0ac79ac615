#pragma once
// Waking a coroutine from plain code on the same loop.

#include "net/event_loop.hpp"
#include "net/task.hpp"

namespace lintel::net {

/// `wait()` returns after the next `notify()`, or at once when one came since the last wait. One waiter at a time.
class event {
public:
    class waiting;

    explicit event(event_loop& home) : home_(home) {}
    event(const event&) = delete;

    void notify();

    /// True when notified; false when the flow was cancelled.
    waiting wait();

    /// As `wait()`, but gives up at `when`; false when it did.
    waiting wait_until(time_point when);

private:
    event_loop& home_;
    waiting* waiter_ = nullptr;
    bool set_ = false;
};

class event::waiting final : public suspension {
public:
    waiting(event& what, time_point when);
    ~waiting() { give_up(); }

    bool await_ready() const { return what_.set_; }
    bool await_resume()
    {
        too_late_.clear();
        return std::exchange(what_.set_, false);
    }

private:
    friend class event;
    void begin() override;
    void give_up() override;

    event& what_;
    time_point when_;
    alarm too_late_;
};

}  // namespace lintel::net
