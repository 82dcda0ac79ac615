#pragma once
// One thread's event loop: descriptors by epoll(7), alarms, jobs from other threads, and whoever is ready to go on.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "net/runnable.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace lintel::net {

class alarm;

/// A descriptor that a loop watches. Must not go while it is watched.
class event_source {
public:
    /// `events`: EPOLLIN and others. Called in a round before anybody goes on: it only notes and wakes.
    virtual void happened(unsigned events) = 0;

protected:
    ~event_source() = default;
};

/// A loop for exactly one thread at a time. Everything made with it is used on its thread only; `post()` and `stop()`
/// are the doors for other threads.
class event_loop {
public:
    /// Throws where the system gives no descriptors.
    event_loop();
    event_loop(const event_loop&) = delete;
    ~event_loop();

    /// Runs until stop(), which may come before it. Exceptions of jobs end the process: they are bugs.
    void run();
    void stop();

    /// One round: waits for something to happen for at most `longest`, and lets everybody go on for whom it did.
    void round(duration longest);

    void post(std::function<void()> job);

    /// When the present round began to let others go on: what a request needs to know of time, without asking for it
    /// each time.
    time_point time() const { return time_; }

    /// How often all descriptors were looked at so far.
    std::uint64_t looks() const { return looks_; }

    // For net/ and what waits for descriptors of its own:

    /// `events`: of epoll_ctl(2). Error: the kernel's, where it has no memory to watch one more.
    result<void> watch(int descriptor, unsigned events, event_source& source);
    result<void> rewatch(int descriptor, unsigned events, event_source& source);
    /// Before a descriptor is closed whose open file others share. A socket of ours alone is forgotten at close().
    void forget(int descriptor);

    /// Goes on in this round if that one is still collecting, else in the next. Does nothing where it is queued
    /// already.
    void soon(runnable& what)
    {
        if (!what.is_linked()) queue_.push_back(what);
    }

private:
    friend class alarm;
    using alarms = std::multimap<time_point, alarm*>;

    result<void> tell(int operation, int descriptor, unsigned events, event_source& source);
    int patience_ms(duration longest) const;
    void collect(int patience_ms);
    void ring();
    void run_jobs();
    void go_on();
    void wake_up();

    boost::intrusive::list<runnable, boost::intrusive::constant_time_size<false>> queue_;
    alarms alarms_;
    unique_fd epoll_, bell_;
    std::uint64_t looks_ = 0;
    time_point time_ = steady_clock::now();
    std::atomic<bool> stopping_{false}, called_{false};
    std::atomic<std::thread::id> thread_;
    std::mutex jobs_guard_;
    std::vector<std::function<void()>> jobs_;
};

/// Calls `job` once at a time, on the loop's thread.
class alarm final : runnable {
public:
    alarm(event_loop& home, std::function<void()> job) : home_(home), job_(std::move(job)) {}
    ~alarm() { clear(); }

    /// Replaces an earlier time. `time_point::max()`: never.
    void set(time_point when);
    void clear();

private:
    friend class event_loop;
    void go_on() override { job_(); }

    event_loop& home_;
    std::function<void()> job_;
    event_loop::alarms::iterator place_;
    bool set_ = false;
};

}  // namespace lintel::net
