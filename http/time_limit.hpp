#pragma once
// How long somebody waits for an event.

#include "net/deadline.hpp"
#include "net/event.hpp"

namespace lintel::http {

/// Notifies `woken`, which must outlive it, when the time has come (net/deadline).
class time_limit final : net::deadline {
public:
    time_limit(net::sweep& home, net::event& woken, time_point when = time_point::max()) : deadline(home), woken_(woken)
    {
        set(when);
    }

    /// Anew, from now until `when`.
    void begin(time_point when)
    {
        passed_ = false;
        set(when);
    }

    /// Nobody waits any more.
    using net::deadline::clear;

    bool passed() const { return passed_; }

private:
    void late() override
    {
        passed_ = true;
        woken_.notify();
    }

    net::event& woken_;
    bool passed_ = false;
};

}  // namespace lintel::http
