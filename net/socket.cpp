#include "net/socket.hpp"

#include "net/error.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <poll.h>
#include <array>
#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace lintel::net {

namespace {

using native_socket = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

error_code last_error() { return {errno, boost::system::system_category()}; }

/// would_block in the one spelling that callers compare with.
error_code io_error()
{
    if (errno == EAGAIN || errno == EWOULDBLOCK) return asio::error::would_block;
    return last_error();
}

class socket_stream final : public stream {
public:
    socket_stream(worker& home, const address& peer)
        : socket_(home.get_executor()),
          peer_(peer),
          sides_{side(*this, home.deadlines()), side(*this, home.deadlines())}
    {
    }

    error_code adopt(unique_fd connected)
    {
        error_code failure;
        socket_.assign(asio::generic::stream_protocol(peer_.family(), 0), connected.get(), failure);
        if (!failure) (void)connected.release();
        return failure;
    }

    result<std::size_t> try_read(std::span<std::byte> into) override
    {
        if (!socket_.is_open()) return error_code(asio::error::operation_aborted);
        for (;;) {
            auto count = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return io_error();
        }
    }

    result<std::size_t> try_write(std::span<const std::string_view> pieces) override
    {
        if (!socket_.is_open()) return error_code(asio::error::operation_aborted);
        std::array<iovec, 8> parts{};
        std::size_t used = 0;
        for (auto piece : pieces.first(std::min(pieces.size(), parts.size()))) {
            parts[used++] = {const_cast<char*>(piece.data()), piece.size()};
        }
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = used;
        for (;;) {
            auto count = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return io_error();
        }
    }

    task<result<void>> wait(direction what) override
    {
        auto& mine = of(what);
        auto kind = what == direction::read ? native_socket::wait_read : native_socket::wait_write;
        error_code failure;
        do {
            if (!socket_.is_open()) co_return asio::error::operation_aborted;
            mine.start();
            std::tie(failure) = co_await socket_.async_wait(kind, asio::as_tuple(use_task));
            mine.stop();
        } while (std::exchange(mine.disturbed, false) && !mine.expired);
        if (std::exchange(mine.expired, false)) co_return errc::timed_out;
        if (failure) co_return failure;
        co_return result<void>{};
    }

    void expires_at(direction what, time_point when) override
    {
        of(what).absolute = when;
        of(what).renew();
    }
    void set_patience(direction what, duration limit) override
    {
        of(what).patience = limit;
        of(what).renew();
    }

    void limit_receive_buffer(int bytes) override
    {
        if (socket_.is_open() && peer_.is_ip())
            ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }

    void shutdown_write() override
    {
        if (socket_.is_open()) ::shutdown(socket_.native_handle(), SHUT_WR);
    }

    void close(manner how) override
    {
        if (!socket_.is_open()) return;
        if (how == manner::abortive) {
            linger reset{1, 0};
            ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
        error_code ignored;
        socket_.close(ignored);
    }

    bool peer_gone() const override { return polled(POLLRDHUP) & (POLLRDHUP | POLLHUP | POLLERR); }
    bool readable_now() const override { return polled(POLLIN | POLLRDHUP) != 0; }

    const address& local() const override
    {
        if (local_.length() == 0 && socket_.is_open()) {
            sockaddr_storage raw{};
            socklen_t length = sizeof raw;
            auto* where = reinterpret_cast<sockaddr*>(&raw);
            if (::getsockname(handle(), where, &length) == 0) local_ = address(where, length);
        }
        return local_;
    }
    const address& peer() const override { return peer_; }

    std::optional<unsigned> peer_uid() const override
    {
        ucred credentials{};
        socklen_t length = sizeof credentials;
        if (::getsockopt(handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 || credentials.pid == 0)
            return {};
        return credentials.uid;
    }

private:
    /// One direction's two limits and the deadline that the running wait has.
    struct side final : deadline {
        side(socket_stream& owner, sweep& home) : deadline(home), owner(owner) {}

        void start()
        {
            expired = false;
            waiting = true;
            renew();
        }
        void stop()
        {
            waiting = false;
            clear();
        }
        /// The limits may change while a wait runs: a response is awaited with patience only once the request is sent.
        void renew()
        {
            if (!waiting) return;
            set(patience == duration{} ? absolute : std::min(absolute, steady_clock::now() + patience));
        }
        void late() override
        {
            expired = true;
            // Ends the waits of both directions: the other one begins anew.
            auto& other = owner.of(this == &owner.of(direction::read) ? direction::write : direction::read);
            other.disturbed = other.waiting;
            error_code ignored;
            owner.socket_.cancel(ignored);
        }

        socket_stream& owner;
        time_point absolute = time_point::max();
        duration patience{};
        bool waiting = false, expired = false, disturbed = false;
    };

    side& of(direction what) { return sides_[what == direction::read ? 0 : 1]; }
    int handle() const { return const_cast<native_socket&>(socket_).native_handle(); }

    int polled(short events) const
    {
        if (!socket_.is_open()) return POLLHUP;
        pollfd one{handle(), events, 0};
        return ::poll(&one, 1, 0) > 0 ? one.revents : 0;
    }

    native_socket socket_;
    address peer_;
    mutable address local_;
    std::array<side, 2> sides_;
};

}  // namespace

result<std::unique_ptr<stream>> make_stream(worker& home, unique_fd connected, const address& peer)
{
    auto made = std::make_unique<socket_stream>(home, peer);
    if (auto failure = made->adopt(std::move(connected))) return failure;
    return result<std::unique_ptr<stream>>(std::move(made));
}

namespace {

/// Unix sockets know none of this.
void prepare_to_connect(int socket)
{
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

task<result<std::unique_ptr<stream>>> connecting::run(time_point end)
{
    if (aborted_) co_return asio::error::operation_aborted;
    unique_fd handle(::socket(to_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!handle) co_return last_error();
    if (to_.is_ip()) prepare_to_connect(handle.get());
    bool done = ::connect(handle.get(), to_.raw(), to_.length()) == 0;
    if (!done && errno != EINPROGRESS) co_return last_error();

    int raw = handle.get();
    auto made = make_stream(home_, std::move(handle), to_);
    if (!made) co_return made.error();
    stream_ = std::move(*made);
    if (!done) {
        stream_->expires_at(direction::write, end);
        auto ready = co_await stream_->wait(direction::write);
        if (aborted_) co_return asio::error::operation_aborted;  // perhaps just after the socket became ready
        if (!ready) co_return ready.error();
        stream_->expires_at(direction::write, time_point::max());
        int failure = 0;
        socklen_t length = sizeof failure;
        ::getsockopt(raw, SOL_SOCKET, SO_ERROR, &failure, &length);
        if (failure != 0) co_return error_code(failure, boost::system::system_category());
    }
    co_return std::move(stream_);
}

void connecting::abort()
{
    aborted_ = true;
    if (stream_) stream_->close();
}

task<result<std::unique_ptr<stream>>> connect(worker& home, address to, duration limit)
{
    connecting attempt(home, to);
    co_return co_await attempt.run(steady_clock::now() + limit);
}

}  // namespace lintel::net
