#pragma once
// A thread that does one blocking job now and then.

#include "base/clock.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace lintel::net {

/// Calls `job` every `period`, and once more when it is destroyed.
class periodic_thread {
public:
    periodic_thread(const char* name, duration period, std::function<void()> job);
    ~periodic_thread();

private:
    void run(duration period);

    std::function<void()> job_;
    std::mutex mutex_;
    std::condition_variable ending_changed_;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace lintel::net
