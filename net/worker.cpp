#include "net/worker.hpp"

namespace lintel::net {

void worker::complete(task<void> job)
{
    std::exception_ptr escaped;
    bool ended = false;
    flow only(*this, std::move(job));
    only.start([&](const std::exception_ptr& failure) {
        escaped = failure;
        ended = true;
        stop();
    });
    while (!ended) run();
    if (escaped) std::rethrow_exception(escaped);
}

}  // namespace lintel::net
