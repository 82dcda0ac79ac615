#pragma once
// When a descriptor can be read or written, and how long one waits for that.

#include "net/deadline.hpp"
#include "net/event_loop.hpp"
#include "net/task.hpp"
#include "net/worker.hpp"

namespace lintel::net {

enum class direction { read, write };

class readiness;

/// `co_await`: returns when a try may succeed. Errors: `timed_out` at the deadline, `aborted` after end() and when the
/// flow is cancelled.
class ready_wait final : public suspension {
public:
    ready_wait(readiness& of, direction what) : of_(&of), what_(what) {}

    /// One that is over already.
    explicit ready_wait(error_code known = {}) : known_(known) {}
    ~ready_wait() { give_up(); }

    bool await_ready() const;
    result<void> await_resume() const
    {
        if (known_) return known_;
        return {};
    }

private:
    friend class readiness;
    void begin() override;
    void give_up() override;
    void end_with(error_code how)
    {
        known_ = how;
        of_ = nullptr;
        wake();
    }

    readiness* of_ = nullptr;  ///< null: over
    direction what_ = direction::read;
    error_code known_;
};

/// Watches one descriptor, which it doesn't own, in both directions. epoll(7) tells edge by edge: a direction may
/// succeed from its edge on until a try would block. One waiter in each direction; each with an absolute end and a
/// longest time for a single wait, which are swept every 100 ms.
class readiness final : event_source, deadline {
public:
    explicit readiness(worker& home) : deadline(home.deadlines()), home_(home) {}
    ~readiness() { end(); }

    /// From now on. Error: the kernel's, where it has no memory to watch one more.
    result<void> watch(int descriptor);

    /// Ends every wait; there will be no other. `shared`: the open file lives on elsewhere, the kernel has to be told.
    enum class open_file { own, shared };
    void end(open_file whose = open_file::own);

    ready_wait wait(direction what) { return {*this, what}; }

    /// False: a try would block. True: it may succeed.
    bool may(direction what) const { return of(what).ready; }

    /// A try would have blocked, or took all there was. What has ended stays ready: the end is read once more.
    void used_up(direction what) { of(what).ready = what == direction::read && hung_up_; }

    /// A read that gives less than there was room for took all there was. Not so at an urgent mark (tcp(7)), before
    /// which the kernel stops: where one was ever seen, only a read that would block says so.
    bool short_read_is_all() const { return !urgent_; }
    void assume_ready(direction what) { of(what).ready = true; }

    /// For streams without a descriptor, who know themselves: a try may succeed, whoever waits goes on.
    void becomes_ready(direction what)
    {
        of(what).ready = true;
        finish(of(what), {});
    }

    /// The peer has ended or reset the stream, as far as the last round of the loop knows.
    bool hung_up() const { return hung_up_; }

    /// `time_point::max()` = none.
    void expires_at(direction what, time_point when);
    /// Zero = no limit.
    void set_patience(direction what, duration limit);

private:
    friend class ready_wait;
    struct side {
        ready_wait* waiter = nullptr;
        time_point absolute = time_point::max(), until = time_point::max();
        duration patience{};
        bool ready = false;
    };

    void happened(unsigned events) override;
    void late() override;
    void begin(ready_wait& waiter);
    void renew(side& mine);
    void finish(side& mine, error_code how);

    side& of(direction what) { return sides_[what == direction::read ? 0 : 1]; }
    const side& of(direction what) const { return sides_[what == direction::read ? 0 : 1]; }

    event_loop& home_;
    int descriptor_ = -1;
    bool hung_up_ = false, ended_ = false, urgent_ = false;
    std::array<side, 2> sides_;
};

}  // namespace lintel::net
