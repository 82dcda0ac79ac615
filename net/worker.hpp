#pragma once
// One thread's event loop and what belongs to it.

#include "net/buffer.hpp"
#include "net/deadline.hpp"
#include "net/event_loop.hpp"
#include "net/pipe_pool.hpp"
#include "net/task.hpp"

namespace lintel::net {

/// An event loop with what everybody on it shares.
class worker : public event_loop {
public:
    worker() : sweep_(*this) {}

    buffer_pool& buffers() { return buffers_; }
    pipe_pool& pipes() { return pipes_; }
    sweep& deadlines() { return sweep_; }

    /// Runs until `job` has ended; what escapes it is thrown on. For programs that have one thing to do.
    void complete(task<void> job);

private:
    buffer_pool buffers_;
    pipe_pool pipes_;
    sweep sweep_;
};

}  // namespace lintel::net
