#pragma once
// Pipes for splice(2): what moves bytes between two sockets without copying them.

#include "base/unique_fd.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace lintel::net {

/// Keeps returned pipes for the next one who asks. Belongs to one worker.
class pipe_pool {
public:
    static constexpr std::size_t pipe_bytes = 64 * 1024;  ///< the kernel's usual size

    struct pipe {
        unique_fd in, out;  ///< what is written to `in` is read from `out`; neither blocks
    };

    /// None where the system gives no more descriptors.
    std::optional<pipe> take();

    /// It must be empty; one that isn't is closed instead.
    void give_back(pipe used);

private:
    static constexpr std::size_t kept_pipes = 16;
    std::vector<pipe> free_;
};

}  // namespace lintel::net
