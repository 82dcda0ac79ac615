#pragma once
// A worker with a thread of its own.

#include "net/worker.hpp"

#include <thread>

namespace lintel::net {

/// Starts running at once.
class worker_thread {
public:
    explicit worker_thread(const char* name);
    ~worker_thread();

    worker& loop() { return loop_; }

    /// Stops the loop and waits for the thread: afterwards what belongs to the worker may be destroyed from here.
    void stop();

private:
    worker loop_;
    std::thread thread_;
};

}  // namespace lintel::net
