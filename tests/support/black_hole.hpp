#pragma once
// An address that neither takes nor refuses connections: whoever connects to it waits.

#include "base/unique_fd.hpp"
#include "net/address.hpp"

#include <stdexcept>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

namespace lintel::test {

/// A listening socket whose queue is full: Linux drops what comes then.
class black_hole {
public:
    explicit black_hole(const net::address& where)
        : listener_(::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
    {
        int on = 1;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(listener_.get(), where.raw(), where.length()) != 0 || ::listen(listener_.get(), 0) != 0) {
            throw std::runtime_error("can't listen on " + where.to_string());
        }
        while (takes_another(where)) {
        }
    }

private:
    bool takes_another(const net::address& where)
    {
        auto& mine = queued_.emplace_back(::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (::connect(mine.get(), where.raw(), where.length()) == 0) return true;
        pollfd one{mine.get(), POLLOUT, 0};
        return ::poll(&one, 1, 50) > 0;  // on loopback the answer comes at once or never
    }

    unique_fd listener_;
    std::vector<unique_fd> queued_;
};

}  // namespace lintel::test
