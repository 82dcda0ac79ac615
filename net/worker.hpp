#pragma once
// One thread's event loop and what belongs to it.

#include "net/buffer.hpp"
#include "net/deadline.hpp"
#include "net/task.hpp"

#include <functional>

namespace lintel::net {

/// An event loop for exactly one thread. Everything made with a worker is used on its thread only; `post()` and
/// `stop()` are the doors for other threads.
class worker {
public:
    worker();
    worker(const worker&) = delete;

    executor get_executor() { return context_.get_executor(); }
    buffer_pool& buffers() { return buffers_; }
    sweep& deadlines() { return sweep_; }

    /// Runs until stop(). Exceptions of posted functions end the process: they are bugs.
    void run();
    void stop();

    /// Runs until `job` has ended; what escapes it is thrown on. For programs that have one thing to do.
    void complete(task<void> job);

    void post(std::function<void()> job);

private:
    asio::io_context context_{1};
    buffer_pool buffers_;
    sweep sweep_;
};

}  // namespace lintel::net
