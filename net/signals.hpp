#pragma once
// Signals as events of a worker.

#include "net/worker.hpp"

#include <initializer_list>
#include <memory>

namespace lintel::net {

class signals {
public:
    signals(worker& home, std::initializer_list<int> numbers);
    ~signals();

    /// The number of the next one.
    task<int> next();

private:
    class set;
    std::unique_ptr<set> set_;
};

}  // namespace lintel::net
