#pragma once
// Supervisor and child talk over one socketpair: one-line JSON texts, with descriptors riding along (SCM_RIGHTS).

#include "base/unique_fd.hpp"
#include "net/worker.hpp"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lintel::net {

struct channel_message {
    std::string text;
    std::vector<unique_fd> descriptors;
};

/// One end of a SOCK_SEQPACKET pair: a message arrives whole or not at all.
class channel {
public:
    static constexpr std::size_t limit_bytes = 64 * 1024;
    static constexpr std::size_t limit_descriptors = 250;  ///< the kernel takes 253

    channel(worker& home, unique_fd end);
    ~channel();

    /// The two ends of a new pair; both close on exec.
    static std::pair<unique_fd, unique_fd> make_pair();

    /// Sends at once; a message above a limit, or that the peer's full queue doesn't take, is an error.
    result<void> send(std::string_view text, std::span<const int> descriptors = {});

    /// The next message. Error: `end_of_stream` when the other process is gone.
    task<result<channel_message>> receive();

private:
    class polled;
    std::unique_ptr<polled> polled_;
};

}  // namespace lintel::net
