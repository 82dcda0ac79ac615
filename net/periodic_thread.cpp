#include "net/periodic_thread.hpp"

#include "net/blocked_signals.hpp"

#include <pthread.h>

namespace lintel::net {

periodic_thread::periodic_thread(const char* name, duration period, std::function<void()> job) : job_(std::move(job))
{
    blocked_signals blocked;
    thread_ = std::thread([this, period] { run(period); });
    ::pthread_setname_np(thread_.native_handle(), name);
}

periodic_thread::~periodic_thread()
{
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
    }
    ending_changed_.notify_one();
    thread_.join();
}

void periodic_thread::run(duration period)
{
    std::unique_lock lock(mutex_);
    while (!ending_changed_.wait_for(lock, period, [this] { return ending_; })) {
        lock.unlock();
        job_();
        lock.lock();
    }
    job_();
}

}  // namespace lintel::net
