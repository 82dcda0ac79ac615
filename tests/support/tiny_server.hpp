#pragma once
// A real HTTP/1.1 server on a unix socket or on TCP loopback whose answers a test writes by hand.

#include "base/unique_fd.hpp"
#include "net/address.hpp"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace lintel::test {

/// A folder under /tmp that goes with its owner.
class temporary_folder {
public:
    temporary_folder()
    {
        if (!::mkdtemp(path_.data())) throw std::runtime_error("no temporary folder");
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    temporary_folder(const temporary_folder&) = delete;

    std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }
    const std::string& path() const { return path_; }

private:
    std::string path_ = "/tmp/lintel-test-XXXXXX";
};

/// The server's end of one accepted connection.
class peer {
public:
    explicit peer(int socket) : socket_(socket) {}

    /// The next request, head and body (by Content-Length) as they came; none when the client has closed.
    std::optional<std::string> next_request()
    {
        auto end = std::string::npos;
        while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
            if (!read_more()) return {};
        }
        auto length = end + 4 + content_length(unread_.substr(0, end));
        while (unread_.size() < length) {
            if (!read_more()) return {};
        }
        auto request = unread_.substr(0, length);
        unread_.erase(0, length);
        return request;
    }

    void send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    int socket() const { return socket_; }  ///< for what speaks on it in a way of its own

    void send_chunk(std::string_view bytes)
    {
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
        send(size + std::string(bytes) + "\r\n");
    }

    void answer(int status, std::string_view body)
    {
        send("HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    }

    /// Blocks until the client goes (or the server ends).
    void wait_for_close()
    {
        while (read_more()) {
        }
    }

private:
    static std::size_t content_length(const std::string& head)
    {
        auto at = head.find("Content-Length: ");
        return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    }

    bool read_more()
    {
        char some[4096];
        auto count = ::recv(socket_, some, sizeof some, 0);
        if (count > 0) unread_.append(some, static_cast<std::size_t>(count));
        return count > 0;
    }

    int socket_;
    std::string unread_;
};

/// Accepts until destroyed; `serve` runs on a thread of its own for each connection, which is closed when it returns.
class tiny_server {
public:
    using script = std::function<void(peer&)>;

    /// On a unix socket at `path`.
    tiny_server(const std::string& path, script serve) : serve_(std::move(serve))
    {
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        path.copy(where.sun_path, sizeof where.sun_path - 1);
        open(AF_UNIX, reinterpret_cast<sockaddr*>(&where), sizeof where);
    }

    /// On a free port of 127.0.0.1.
    explicit tiny_server(script serve) : serve_(std::move(serve))
    {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        open(AF_INET, reinterpret_cast<sockaddr*>(&where), sizeof where);
        socklen_t length = sizeof where;
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&where), &length);
        port_ = ntohs(where.sin_port);
    }

    /// On this address and port.
    tiny_server(const net::address& where, script serve) : serve_(std::move(serve)), port_(where.port())
    {
        open(where.family(), where.raw(), where.length());
    }

    ~tiny_server()
    {
        ::shutdown(listener_.get(), SHUT_RDWR);
        acceptor_.join();
        std::list<connection> all;
        {
            std::lock_guard hold(guard_);
            for (auto& each : connections_) ::shutdown(each.socket.get(), SHUT_RDWR);
            all.swap(connections_);
        }
        for (auto& each : all) each.thread.join();
    }

    int port() const { return port_; }
    int accepted() const { return accepted_; }

private:
    struct connection {
        unique_fd socket;
        std::thread thread;
    };

    void open(int family, const sockaddr* where, socklen_t length)
    {
        listener_.reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        int on = 1;  // the port may have been another server's a moment ago
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (::bind(listener_.get(), where, length) != 0 || ::listen(listener_.get(), 64) != 0) {
            throw std::runtime_error("can't listen");
        }
        acceptor_ = std::thread([this] { accept_all(); });
    }

    void accept_all()
    {
        for (;;) {
            unique_fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!socket) return;
            ++accepted_;
            std::lock_guard hold(guard_);
            auto& here = connections_.emplace_back(std::move(socket));
            here.thread = std::thread([this, number = here.socket.get()] {
                peer client(number);
                serve_(client);
                ::shutdown(number, SHUT_RDWR);
            });
        }
    }

    script serve_;
    unique_fd listener_;
    int port_ = 0;
    std::atomic<int> accepted_ = 0;
    std::mutex guard_;
    std::list<connection> connections_;
    std::thread acceptor_;
};

}  // namespace lintel::test
