#pragma once
// Child processes of the supervisor.

#include "net/channel.hpp"

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace lintel::net {

/// A running child: our own program with other arguments, in a process group of its own, with one end of a channel as
/// descriptor 3 and nothing else inherited but stdio. The parent must be single-threaded.
class child {
public:
    /// `arguments[0]` is what `ps` shows. Throws when the system gives no process.
    child(worker& home, const std::vector<std::string>& arguments);
    ~child();

    pid_t pid() const { return pid_; }
    channel& line() { return channel_; }

    void send_signal(int number);

    /// Returns when it has ended: "exit status 1", "signal 9 (Killed)".
    struct ending {
        bool clean;  ///< exit status 0
        std::string text;
    };
    task<ending> wait();

private:
    class watched;
    child(worker& home, const std::vector<std::string>& arguments, std::pair<unique_fd, unique_fd> ends);

    pid_t pid_;
    channel channel_;
    std::unique_ptr<watched> watched_;
    bool ended_ = false;
};

/// The descriptor on which a child finds its end of the channel.
inline constexpr int child_channel = 3;

}  // namespace lintel::net
