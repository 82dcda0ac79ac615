#include "net/pipe_pool.hpp"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace lintel::net {

std::optional<pipe_pool::pipe> pipe_pool::take()
{
    if (!free_.empty()) {
        auto last = std::move(free_.back());
        free_.pop_back();
        return last;
    }
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
    return pipe{unique_fd(ends[1]), unique_fd(ends[0])};
}

void pipe_pool::give_back(pipe used)
{
    if (free_.size() < kept_pipes) free_.push_back(std::move(used));
}

}  // namespace lintel::net
