// bench_floor LISTEN_PORT BACKEND_PORT: relays bytes between two sockets on 127.0.0.1 and understands none of them.
// A proxy in user space can hardly cost less than this: every contestant's cost is a multiple of it.
//
// Each accepted connection gets one connection to the backend, opened at once. Both are registered with epoll once, for
// both directions and edge-triggered: a request costs two epoll_wait, two recv and two send, nothing else.

#include "edge_loop.hpp"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace {

using bench::fail;

struct pair;

/// One of a pair's two sockets.
struct side {
    int socket;
    pair& both;
    std::vector<char> unsent{};  ///< received here, and the other side has no room for it yet
    bool hung_up = false;        ///< epoll said that its peer sends no more: read on until recv says so
    bool ended = false;          ///< recv said so

    side& other();
};

struct pair {
    side client, backend;
    bool over = false;

    pair(int client_socket, int backend_socket) : client{client_socket, *this}, backend{backend_socket, *this} {}
    pair(const pair&) = delete;
    ~pair()
    {
        ::close(client.socket);
        ::close(backend.socket);
    }
};

side& side::other() { return this == &both.client ? both.backend : both.client; }

class relay {
public:
    relay(sockaddr_in listen_at, sockaddr_in backend) : loop_(listen_at), backend_(backend) {}

    [[noreturn]] void run()
    {
        loop_.run([this](int client) { accepted(client); },
                  [this](void* owner, std::uint32_t events) {
                      auto* ready = static_cast<side*>(owner);
                      if (!ready->both.over) heed(*ready, events);
                  },
                  [this] { over_.clear(); });  // not earlier: a later event may have been about the other side
    }

private:
    void accepted(int client)
    {
        int backend = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(backend, reinterpret_cast<sockaddr*>(&backend_), sizeof backend_) != 0) fail("connect");
        auto* made = new pair(client, backend);  // `over_` takes it when it ends
        for (auto* each : {&made->client, &made->backend}) loop_.watch(each->socket, each);
    }

    void heed(side& ready, std::uint32_t events)
    {
        ready.hung_up |= (events & bench::hang_up) != 0;
        bool fine = true;
        if ((events & EPOLLOUT) && !ready.other().unsent.empty()) fine = pump(ready.other());
        if (fine && (events & (EPOLLIN | bench::hang_up))) fine = pump(ready);
        if (fine && !(ready.ended && ready.other().ended)) return;
        ready.both.over = true;
        over_.emplace_back(&ready.both);
    }

    /// Moves what came from `from` to the other side until there is no more, or no room. False: a connection failed.
    bool pump(side& from)
    {
        if (!from.unsent.empty() && !forward(from, std::exchange(from.unsent, {}))) return false;
        while (from.unsent.empty() && !from.ended) {
            auto got = ::recv(from.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
            if (got < 0) return errno == EAGAIN;
            if (got == 0) {
                from.ended = true;
                ::shutdown(from.other().socket, SHUT_WR);
            } else {
                if (!forward(from, {buffer_.data(), static_cast<std::size_t>(got)})) return false;
                // A short read emptied the socket, epoll(7): what comes later is an event of its own.
                if (static_cast<std::size_t>(got) < buffer_.size() && !from.hung_up) return true;
            }
        }
        return true;
    }

    static bool forward(side& from, std::span<const char> bytes)
    {
        auto sent = ::send(from.other().socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        from.unsent.assign(bytes.begin() + std::max<ssize_t>(sent, 0), bytes.end());
        return true;
    }

    bench::edge_loop loop_;
    sockaddr_in backend_;
    std::vector<char> buffer_ = std::vector<char>(bench::buffer_bytes);
    std::vector<std::unique_ptr<pair>> over_;
};

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::fputs("usage: bench_floor LISTEN_PORT BACKEND_PORT\n", stderr);
        return 2;
    }
    relay(bench::loopback(argv[1]), bench::loopback(argv[2])).run();
}
