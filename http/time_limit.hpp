#pragma once
// A deadline that exists only while somebody waits.

#include "net/deadline.hpp"
#include "net/event.hpp"

namespace lintel::http {

/// Notifies `woken` when the time has come (net/deadline). Lives in the frame that waits.
class time_limit final : net::deadline {
public:
    time_limit(net::sweep& home, net::event& woken, time_point when) : deadline(home), woken_(woken) { set(when); }

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
