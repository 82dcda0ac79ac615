// A library for LD_PRELOAD that fails the n-th system call of one kind, in the edge only. tests/e2e/support/failing.py
// has the other half: it sets LINTEL_FAILING_CALLS to the path of a file that both map, and arms it between two
// requests.
//
// Only the edge's workers are counted: the process must have been started as `… edge`, and its main thread, which talks
// to control, is left alone.

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

namespace {

/// What the file holds. The test writes all of it while `armed` is 0, then `armed`; `calls` counts from there.
struct control {
    std::atomic<std::uint32_t> armed;
    std::atomic<std::uint32_t> calls;
    std::uint32_t nth;
    std::int32_t error;  ///< an errno, or `shortened`
    char kind[16];
};
static_assert(sizeof(control) == 32);

constexpr std::int32_t shortened = -1;  ///< not a failure: the call moves one byte only

control* shared = nullptr;

bool is_edge()
{
    char line[64] = {};
    int file = ::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    auto size = ::pread(file, line, sizeof line - 1, 0);
    ::close(file);
    auto first = std::strlen(line);
    return size > 0 && std::strcmp(line + first + 1, "edge") == 0;
}

__attribute__((constructor)) void map_control()
{
    const char* path = std::getenv("LINTEL_FAILING_CALLS");
    if (path == nullptr || !is_edge()) return;
    int file = ::open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void* mapped = ::mmap(nullptr, sizeof(control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (mapped != MAP_FAILED) shared = static_cast<control*>(mapped);
}

/// What happens to this call: 0 nothing, an errno, or `shortened`.
std::int32_t verdict(const char* kind)
{
    if (shared == nullptr || shared->armed.load(std::memory_order_acquire) == 0) return 0;
    if (std::strcmp(kind, shared->kind) != 0 || ::gettid() == ::getpid()) return 0;
    return shared->calls.fetch_add(1) + 1 == shared->nth ? shared->error : 0;
}

template <class Call>
Call* next(const char* name)
{
    return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name));
}

/// Fails the call, or makes it.
template <class Call, class... Arguments>
auto pass(const char* kind, Call* real, Arguments... arguments) -> decltype(real(arguments...))
{
    if (auto error = verdict(kind); error > 0) {
        errno = error;
        return -1;
    }
    return real(arguments...);
}

/// How each descriptor is watched.
struct watch {
    int epoll = -1;
    epoll_event event{};
};
std::array<watch, 4096> watched;

/// Who hears that a call would block, or moved less than it could have, waits for the next edge (epoll(7)). The kernel
/// says one when something comes or goes, which in truth has happened already: a change of the watch makes it say so.
void make_an_edge(int descriptor)
{
    if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= watched.size()) return;
    auto& one = watched[static_cast<std::size_t>(descriptor)];
    static auto* const real = next<decltype(epoll_ctl)>("epoll_ctl");
    if (one.epoll >= 0) real(one.epoll, EPOLL_CTL_MOD, descriptor, &one.event);
}

/// A connection that is said to be dead is dead from then on: its other direction and its peer learn of it.
ssize_t failed(int descriptor, std::int32_t error)
{
    if (error == EAGAIN) make_an_edge(descriptor);
    if (error == EPIPE || error == ECONNRESET || error == ETIMEDOUT || error == ENOTCONN) {
        static auto* const real = next<decltype(shutdown)>("shutdown");
        real(descriptor, SHUT_RDWR);
    }
    errno = error;
    return -1;
}

/// The same for calls that move `size` bytes; `real(size)` makes it.
template <class Call>
ssize_t move(const char* kind, int descriptor, std::size_t size, Call real)
{
    auto error = verdict(kind);
    if (error > 0) return failed(descriptor, error);
    auto moved = real(error == shortened && size > 1 ? 1 : size);
    auto how = errno;
    if (error == shortened) make_an_edge(descriptor);
    errno = how;
    return moved;
}

/// The first byte of a message that is to be cut short.
struct first_byte {
    explicit first_byte(const msghdr& whole) : message(whole)
    {
        for (std::size_t i = 0; i < whole.msg_iovlen; ++i) {
            if (whole.msg_iov[i].iov_len == 0) continue;
            part = {whole.msg_iov[i].iov_base, 1};
            message.msg_iov = &part;
            message.msg_iovlen = 1;
            return;
        }
    }
    msghdr message;
    iovec part{};
};

}  // namespace

extern "C" {

int accept4(int socket, sockaddr* peer, socklen_t* length, int flags)
{
    static auto* const real = next<decltype(accept4)>("accept4");
    return pass("accept4", real, socket, peer, length, flags);
}

int socket(int family, int type, int protocol) noexcept
{
    static auto* const real = next<decltype(socket)>("socket");
    return pass("socket", real, family, type, protocol);
}

int connect(int socket, const sockaddr* peer, socklen_t length)
{
    static auto* const real = next<decltype(connect)>("connect");
    return pass("connect", real, socket, peer, length);
}

int shutdown(int socket, int how) noexcept
{
    static auto* const real = next<decltype(shutdown)>("shutdown");
    auto error = verdict("shutdown");
    return error > 0 ? static_cast<int>(failed(socket, error)) : real(socket, how);
}

int setsockopt(int socket, int level, int name, const void* value, socklen_t length) noexcept
{
    static auto* const real = next<decltype(setsockopt)>("setsockopt");
    return pass("setsockopt", real, socket, level, name, value, length);
}

int getsockopt(int socket, int level, int name, void* value, socklen_t* length) noexcept
{
    static auto* const real = next<decltype(getsockopt)>("getsockopt");
    return pass("getsockopt", real, socket, level, name, value, length);
}

int getsockname(int socket, sockaddr* name, socklen_t* length) noexcept
{
    static auto* const real = next<decltype(getsockname)>("getsockname");
    return pass("getsockname", real, socket, name, length);
}

/// Only additions fail: the kernel takes memory for nothing else here, and a change that failed would be a wake-up
/// lost.
int epoll_ctl(int poller, int what, int descriptor, epoll_event* event) noexcept
{
    static auto* const real = next<decltype(epoll_ctl)>("epoll_ctl");
    if (what != EPOLL_CTL_ADD) return real(poller, what, descriptor, event);
    auto done = pass("epoll_ctl", real, poller, what, descriptor, event);
    bool fits = static_cast<std::size_t>(descriptor) < watched.size();
    if (done == 0 && fits) watched[static_cast<std::size_t>(descriptor)] = {poller, *event};
    return done;
}

int epoll_wait(int poller, epoll_event* events, int most, int limit_ms)
{
    static auto* const real = next<decltype(epoll_wait)>("epoll_wait");
    return pass("epoll_wait", real, poller, events, most, limit_ms);
}

int poll(pollfd* descriptors, nfds_t count, int limit_ms)
{
    static auto* const real = next<decltype(poll)>("poll");
    return pass("poll", real, descriptors, count, limit_ms);
}

int timerfd_settime(int timer, int flags, const itimerspec* to, itimerspec* before) noexcept
{
    static auto* const real = next<decltype(timerfd_settime)>("timerfd_settime");
    return pass("timerfd_settime", real, timer, flags, to, before);
}

int eventfd(unsigned first, int flags) noexcept
{
    static auto* const real = next<decltype(eventfd)>("eventfd");
    return pass("eventfd", real, first, flags);
}

/// The descriptor is gone even when close() fails: that is what Linux does.
int close(int descriptor)
{
    static auto* const real = next<decltype(close)>("close");
    auto closed = real(descriptor);
    auto error = verdict("close");
    if (error > 0) errno = error;
    return error > 0 ? -1 : closed;
}

// The variable argument of these three is an int or a pointer; a long carries both through.

int open(const char* path, int flags, ...)
{
    static auto* const real = next<decltype(open)>("open");
    va_list rest;
    va_start(rest, flags);
    auto mode = va_arg(rest, int);
    va_end(rest);
    return pass("open", real, path, flags, mode);
}

int fcntl(int descriptor, int what, ...)
{
    static auto* const real = next<decltype(fcntl)>("fcntl");
    va_list rest;
    va_start(rest, what);
    auto argument = va_arg(rest, long);
    va_end(rest);
    return pass("fcntl", real, descriptor, what, argument);
}

int ioctl(int descriptor, unsigned long what, ...) noexcept
{
    static auto* const real = next<decltype(ioctl)>("ioctl");
    va_list rest;
    va_start(rest, what);
    auto argument = va_arg(rest, long);
    va_end(rest);
    return pass("ioctl", real, descriptor, what, argument);
}

ssize_t read(int file, void* into, std::size_t size)
{
    static auto* const real = next<decltype(read)>("read");
    return move("read", file, size, [=](std::size_t most) { return real(file, into, most); });
}

ssize_t write(int file, const void* from, std::size_t size)
{
    static auto* const real = next<decltype(write)>("write");
    return move("write", file, size, [=](std::size_t most) { return real(file, from, most); });
}

ssize_t recv(int socket, void* into, std::size_t size, int flags)
{
    static auto* const real = next<decltype(recv)>("recv");
    return move("recv", socket, size, [=](std::size_t most) { return real(socket, into, most, flags); });
}

ssize_t send(int socket, const void* from, std::size_t size, int flags)
{
    static auto* const real = next<decltype(send)>("send");
    return move("send", socket, size, [=](std::size_t most) { return real(socket, from, most, flags); });
}

ssize_t recvmsg(int socket, msghdr* message, int flags)
{
    static auto* const real = next<decltype(recvmsg)>("recvmsg");
    return pass("recvmsg", real, socket, message, flags);
}

ssize_t sendmsg(int socket, const msghdr* message, int flags)
{
    static auto* const real = next<decltype(sendmsg)>("sendmsg");
    auto error = verdict("sendmsg");
    if (error == shortened) {
        first_byte part(*message);
        return real(socket, &part.message, flags);
    }
    return error == 0 ? real(socket, message, flags) : failed(socket, error);
}

}  // extern "C"
