#pragma once
// A connected pair of sockets: a stream of ours on one side, plain blocking calls on the other.

#include "base/unique_fd.hpp"
#include "net/socket.hpp"

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

namespace lintel::test {

/// The far side: a client or an upstream whose every byte a test decides. Nothing waits longer than 5 s.
class far_side {
public:
    explicit far_side(unique_fd socket) : socket_(std::move(socket))
    {
        timeval patience{5, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    }

    /// False when the other side has closed.
    bool send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    /// Everything up to and with `mark`; what came instead when the other side closes or falls silent.
    std::string read_until(std::string_view mark)
    {
        auto at = std::string::npos;
        while ((at = unread_.find(mark)) == std::string::npos && read_more()) {
        }
        auto length = at == std::string::npos ? unread_.size() : at + mark.size();
        return take(length);
    }

    std::string read_exactly(std::size_t count)
    {
        while (unread_.size() < count && read_more()) {
        }
        return take(std::min(count, unread_.size()));
    }

    /// The rest, up to the other side's end of the stream or its reset; "(silence)" follows where neither came.
    std::string read_to_end()
    {
        while (read_more()) {
        }
        return take(unread_.size()) + (silent_ ? "(silence)" : "");
    }

    void shutdown_write() { ::shutdown(socket_.get(), SHUT_WR); }
    void close() { socket_.reset(); }
    int get() const { return socket_.get(); }

private:
    bool read_more()
    {
        char some[16 * 1024];
        auto count = ::recv(socket_.get(), some, sizeof some, 0);
        silent_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (count > 0) unread_.append(some, static_cast<std::size_t>(count));
        return count > 0;
    }

    std::string take(std::size_t count)
    {
        auto taken = unread_.substr(0, count);
        unread_.erase(0, count);
        return taken;
    }

    unique_fd socket_;
    std::string unread_;
    bool silent_ = false;
};

/// Ours (non-blocking) and the far one.
inline std::pair<unique_fd, far_side> socket_pair()
{
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("no socket pair");
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return {unique_fd(ends[0]), far_side(unique_fd(ends[1]))};
}

inline net::address nowhere() { return net::address::of_unix("pair").value(); }

}  // namespace lintel::test
