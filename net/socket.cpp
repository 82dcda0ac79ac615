#include "net/socket.hpp"

#include "net/error.hpp"

#include <fcntl.h>
#include <poll.h>
#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace lintel::net {

namespace {

error_code last_error() { return {errno, boost::system::system_category()}; }

/// A few short pieces cost less copied together than listed for the kernel.
ssize_t send_pieces(int socket, std::span<const std::string_view> pieces)
{
    constexpr std::size_t most_copied = 2048;
    std::array<char, most_copied> copied;
    std::array<iovec, 8> listed;
    std::size_t total = 0, used = 0;
    for (auto piece : pieces.first(std::min(pieces.size(), listed.size()))) {
        if (total + piece.size() <= most_copied) std::memcpy(copied.data() + total, piece.data(), piece.size());
        total += piece.size();
        listed[used++] = {const_cast<char*>(piece.data()), piece.size()};
    }
    if (used == 1) return ::send(socket, listed[0].iov_base, listed[0].iov_len, MSG_NOSIGNAL);
    if (total <= most_copied) return ::send(socket, copied.data(), total, MSG_NOSIGNAL);
    msghdr message{};
    message.msg_iov = listed.data();
    message.msg_iovlen = used;
    return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

class socket_stream final : public stream {
public:
    socket_stream(worker& home, unique_fd connected, const address& peer)
        : readiness_(home), socket_(std::move(connected)), peer_(peer)
    {
    }

    /// `connected`: false while connect() is under way.
    result<void> watch(bool connected)
    {
        if (connected) readiness_.assume_ready(direction::write);
        return readiness_.watch(socket_.get());
    }

    result<std::size_t> try_read(std::span<std::byte> into) override
    {
        if (!socket_) return error_code(errc::aborted);
        if (!readiness_.may(direction::read)) return error_code(errc::would_block);
        for (;;) {
            auto count = ::recv(socket_.get(), into.data(), into.size(), 0);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return failed(direction::read);
            auto taken = static_cast<std::size_t>(count);
            // Less than there was room for: that was all, what comes next is a new edge. The end is no edge of its own.
            if (taken < into.size() && readiness_.short_read_is_all()) readiness_.used_up(direction::read);
            return taken;
        }
    }

    result<std::size_t> try_write(std::span<const std::string_view> pieces) override
    {
        if (!socket_) return error_code(errc::aborted);
        if (!readiness_.may(direction::write)) return error_code(errc::would_block);
        for (;;) {
            auto count = send_pieces(socket_.get(), pieces);
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return failed(direction::write);
        }
    }

    bool splices() const override { return true; }

    result<std::size_t> try_splice_out(int pipe, std::size_t most) override
    {
        return splice(direction::read, socket_.get(), pipe, most);
    }

    result<std::size_t> try_splice_in(int pipe, std::size_t count) override
    {
        return splice(direction::write, pipe, socket_.get(), count);
    }

    ready_wait wait(direction what) override { return readiness_.wait(what); }
    void expires_at(direction what, time_point when) override { readiness_.expires_at(what, when); }
    void set_patience(direction what, duration limit) override { readiness_.set_patience(what, limit); }

    void limit_receive_buffer(int bytes) override
    {
        if (socket_ && peer_.is_ip()) ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }

    bool shutdown_write() override
    {
        if (socket_) ::shutdown(socket_.get(), SHUT_WR);
        return true;
    }

    void close(manner how) override
    {
        if (!socket_) return;
        if (how == manner::abortive) {
            linger reset{1, 0};
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        }
        readiness_.end();
        socket_.reset();
    }

    bool peer_gone() const override { return !socket_ || readiness_.hung_up(); }

    bool readable_now() const override
    {
        if (!socket_ || readiness_.hung_up()) return true;
        pollfd one{socket_.get(), POLLIN | POLLRDHUP, 0};
        return ::poll(&one, 1, 0) > 0;
    }

    bool readable_so_far() const override { return !socket_ || readiness_.may(direction::read); }

    const address& local() const override
    {
        if (!local_) {
            sockaddr_storage raw{};
            socklen_t length = sizeof raw;
            auto* where = reinterpret_cast<sockaddr*>(&raw);
            bool known = socket_ && ::getsockname(socket_.get(), where, &length) == 0;
            local_ = known ? std::make_unique<address>(where, length) : std::make_unique<address>();
        }
        return *local_;
    }
    const address& peer() const override { return peer_; }

    std::optional<unsigned> peer_uid() const override
    {
        ucred credentials{};
        socklen_t length = sizeof credentials;
        if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 || credentials.pid == 0)
            return {};
        return credentials.uid;
    }

private:
    result<std::size_t> splice(direction what, int from, int to, std::size_t most)
    {
        if (!socket_) return error_code(errc::aborted);
        if (!readiness_.may(what)) return error_code(errc::would_block);
        for (;;) {
            auto count = ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return failed(what);
        }
    }

    /// would_block in the one spelling that callers compare with.
    error_code failed(direction what)
    {
        if (errno != EAGAIN && errno != EWOULDBLOCK) return last_error();
        readiness_.used_up(what);
        return errc::would_block;
    }

    readiness readiness_;
    unique_fd socket_;
    address peer_;
    mutable std::unique_ptr<address> local_;  ///< once somebody asked
};

result<std::unique_ptr<stream>> watched_stream(worker& home, unique_fd socket, const address& peer, bool connected)
{
    auto made = std::make_unique<socket_stream>(home, std::move(socket), peer);
    if (auto watched = made->watch(connected); !watched) return watched.error();
    return result<std::unique_ptr<stream>>(std::move(made));
}

}  // namespace

result<std::unique_ptr<stream>> make_stream(worker& home, unique_fd connected, const address& peer)
{
    return watched_stream(home, std::move(connected), peer, true);
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
    if (aborted_) co_return errc::aborted;
    unique_fd handle(::socket(to_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!handle) co_return last_error();
    if (to_.is_ip()) prepare_to_connect(handle.get());
    bool done = ::connect(handle.get(), to_.raw(), to_.length()) == 0;
    if (!done && errno != EINPROGRESS) co_return last_error();

    int raw = handle.get();
    auto made = watched_stream(home_, std::move(handle), to_, done);
    if (!made) co_return made.error();
    stream_ = std::move(*made);
    if (!done) {
        stream_->expires_at(direction::write, end);
        auto ready = co_await stream_->wait(direction::write);
        if (aborted_) co_return errc::aborted;  // perhaps just after the socket became ready
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
