#pragma once
// A request that is abandoned, or whose client's own deadline is over, frees its upstream within 0.2 s.

#include "http/exchange.hpp"
#include "net/worker.hpp"
#include "proxy/outcome.hpp"

#include <functional>
#include <utility>

namespace lintel::proxy {

/// Asks every tick whether the client is still there and its deadline not over, and breaks off what is being done for
/// it when it isn't so. Not within the first 50 ms: most requests are over by then. Where the protocol says that a
/// client has left, it breaks off at once.
class client_watch final : net::deadline, http::departure_observer {
public:
    client_watch(net::worker& home, http::exchange& client) : deadline(home.deadlines()), client_(client)
    {
        set(home.time() + first_look);
        client_.watch_departure(this);
    }
    ~client_watch() { client_.watch_departure(nullptr); }

    /// `client_gone` or `deadline`; `none`: somebody still waits.
    fault over() const { return over_; }

    /// When the client waits no longer, by its own word.
    void expires_at(time_point when) { until_ = when; }

    /// The response or the tunnel has its own way of noticing.
    void stop()
    {
        clear();
        client_.watch_departure(nullptr);
    }

    /// While it lives, `how` is what a client's departure does; it is called at once where the client is gone already.
    class breaking {
    public:
        breaking(client_watch& watch, std::function<void()> how) : watch_(watch)
        {
            watch_.break_off_ = std::move(how);
            if (watch_.over_ != fault::none) watch_.break_off_();
        }
        breaking(const breaking&) = delete;
        ~breaking() { watch_.break_off_ = {}; }

    private:
        client_watch& watch_;
    };

private:
    static constexpr duration first_look = std::chrono::milliseconds(50);

    void late() override
    {
        // With nothing to break off the client is being read from: that tells, too.
        if (break_off_ && client_.client_gone()) over_ = fault::client_gone;
        if (over_ == fault::none && until_ <= steady_clock::now()) over_ = fault::deadline;
        if (over_ == fault::none || !break_off_) return set(time_point::min());  // the next tick
        break_off_();
    }

    void client_left() override
    {
        clear();
        late();
    }

    http::exchange& client_;
    std::function<void()> break_off_;
    time_point until_ = time_point::max();
    fault over_ = fault::none;
};

}  // namespace lintel::proxy
