#pragma once
// Waking a coroutine from plain code on the same worker.

#include "net/deadline.hpp"

namespace lintel::net {

/// `wait()` returns after the next `notify()`, or at once when one came since the last wait. One waiter at a time.
class event {
public:
    explicit event(executor worker);

    void notify();
    task<void> wait();

    /// As `wait()`, but gives up at `when`; false when it did.
    task<bool> wait_until(time_point when);

private:
    timer timer_;
    bool set_ = false;
};

}  // namespace lintel::net
