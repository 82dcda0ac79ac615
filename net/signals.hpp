#pragma once
// Signals as events of a worker.

#include "net/worker.hpp"

#include <initializer_list>
#include <memory>

namespace lintel::net {

/// Made on the main thread before other threads start, which then inherit that these signals are blocked.
class signals {
public:
    signals(worker& home, std::initializer_list<int> numbers);
    ~signals();

    /// The number of the next one.
    task<int> next();

private:
    class blocked;
    std::unique_ptr<blocked> blocked_;
};

}  // namespace lintel::net
