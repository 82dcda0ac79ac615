#pragma once
// What the floor and the backend have in common: a listening socket on 127.0.0.1, and epoll told once of each socket.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace bench {

constexpr std::size_t buffer_bytes = 64 * 1024;
constexpr std::uint32_t hang_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

[[noreturn]] inline void fail(const char* what)
{
    std::perror(what);
    std::exit(1);
}

inline sockaddr_in loopback(const char* port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// One thread's. Ends the process where the kernel refuses.
class edge_loop {
public:
    explicit edge_loop(sockaddr_in listen_at)
    {
        int yes = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&listen_at), sizeof listen_at) != 0) fail("bind");
        if (::listen(listener_, 4096) != 0) fail("listen");
        tell(listener_, nullptr, EPOLLIN);
    }

    /// Both directions, edge by edge, without Nagle's delay.
    void watch(int socket, void* owner) const
    {
        int yes = 1;
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        tell(socket, owner, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }

    /// `accepted(socket)` for each new connection, `heed(owner, events)` for what happens to a watched one, and
    /// `batch_over()` when no event of the present batch is left.
    template <class Accepted, class Heed, class BatchOver>
    [[noreturn]] void run(Accepted accepted, Heed heed, BatchOver batch_over) const
    {
        std::array<epoll_event, 256> events;
        for (;;) {
            int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            if (count < 0 && errno != EINTR) fail("epoll_wait");
            for (int i = 0; i < count; ++i) {
                if (events[i].data.ptr != nullptr)
                    heed(events[i].data.ptr, events[i].events);
                else
                    accept_all(accepted);
            }
            batch_over();
        }
    }

private:
    void tell(int socket, void* owner, std::uint32_t events) const
    {
        epoll_event event{};
        event.events = events;
        event.data.ptr = owner;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl");
    }

    template <class Accepted>
    void accept_all(Accepted& accepted) const
    {
        int client;
        while ((client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0) accepted(client);
    }

    int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
};

}  // namespace bench
