#pragma once
// The only timeout mechanism of the data plane: deadlines are stored, and one sweep a worker looks at them all.

#include "base/clock.hpp"
#include "net/event_loop.hpp"

#include <boost/intrusive/list.hpp>

namespace lintel::net {

class sweep;

struct deadline_tag;
using deadline_hook = boost::intrusive::list_base_hook<boost::intrusive::tag<deadline_tag>,
                                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// Something that may run late. Belongs to one worker. `late()` is called at most once per `set()`, up to one tick
/// (100 ms) after the time.
class deadline : public deadline_hook {
public:
    explicit deadline(sweep& home);
    deadline(const deadline&) = delete;

    void set(time_point when) { when_ = when; }
    void clear() { when_ = time_point::max(); }
    time_point when() const { return when_; }

protected:
    ~deadline() = default;
    virtual void late() = 0;

private:
    friend class sweep;
    time_point when_ = time_point::max();
};

/// Looks at every deadline of a worker each tick; sleeps while there are none.
class sweep {
public:
    static constexpr duration tick = std::chrono::milliseconds(100);

    explicit sweep(event_loop& home);

private:
    friend class deadline;
    void arm();
    void look();

    using list = boost::intrusive::list<deadline, boost::intrusive::base_hook<deadline_hook>,
                                        boost::intrusive::constant_time_size<false>>;
    alarm next_;
    bool armed_ = false;
    list seen_, unseen_;  ///< in this tick
};

}  // namespace lintel::net
