#pragma once
// The only timeout mechanism of the data plane: deadlines are stored, and one sweep a worker looks at them all.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/task.hpp"

#include <boost/asio/basic_waitable_timer.hpp>

#include <list>

namespace lintel::net {

using timer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor>;

class sweep;

/// Something that may run late. Belongs to one worker. `late()` is called at most once per `set()`, up to one tick
/// (100 ms) after the time.
class deadline {
public:
    explicit deadline(sweep& home);
    virtual ~deadline();
    deadline(const deadline&) = delete;

    void set(time_point when) { when_ = when; }
    void clear() { when_ = time_point::max(); }
    time_point when() const { return when_; }

protected:
    virtual void late() = 0;

private:
    friend class sweep;
    sweep& home_;
    time_point when_ = time_point::max();
    std::list<deadline*>::iterator place_;
};

/// Looks at every deadline of a worker each tick; sleeps while there are none.
class sweep {
public:
    static constexpr duration tick = std::chrono::milliseconds(100);

    explicit sweep(executor worker) : timer_(worker) {}

private:
    friend class deadline;
    void arm();
    void look();

    timer timer_;
    bool armed_ = false;
    std::list<deadline*> all_;
    std::list<deadline*>::iterator next_ = all_.end();  ///< while looking: survives removals from within late()
};

}  // namespace lintel::net
