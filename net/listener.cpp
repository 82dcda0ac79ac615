#include "net/listener.hpp"

#include "base/log.hpp"
#include "net/error.hpp"
#include "net/event.hpp"
#include "net/port_owner.hpp"
#include "net/socket.hpp"

#include <fcntl.h>
#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace lintel::net {

using namespace std::chrono_literals;

namespace {

constexpr int most_eager = 32;  ///< connections, before everybody else on the worker has a turn
constexpr int backlog = 4096;
constexpr duration shortest_pause = 10ms, longest_pause = 300ms;  ///< of a listener that has no descriptor left
constexpr int unsent_bytes = 32 * 1024;  ///< that the kernel keeps for a client beside what is on its way

std::string reason() { return error_code(errno, boost::system::system_category()).message(); }

/// A connection died in the queue. After anything else (no descriptor, no memory) asking again at once would spin.
bool concerns_one_connection(error_code failure)
{
    constexpr std::array transient{EINTR, ECONNABORTED, EPROTO};
    return std::ranges::find(transient, failure.value()) != transient.end();
}

struct bind_target {
    sockaddr_storage raw{};
    socklen_t length = 0;
    bool both_families = false;
};

bool has_ipv6()
{
    unique_fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return static_cast<bool>(probe);
}

bind_target target_of(const host_port& where)
{
    bind_target target;
    bool every_address = where.host.empty() || where.host == "[::]" || where.host == "::";
    if (every_address && has_ipv6()) {
        auto* any = reinterpret_cast<sockaddr_in6*>(&target.raw);
        any->sin6_family = AF_INET6;
        any->sin6_port = htons(where.port);
        target.length = sizeof *any;
        target.both_families = true;
        return target;
    }
    auto plain = address::of_ip(where.host.empty() ? "0.0.0.0" : where.host, where.port).value();
    std::memcpy(&target.raw, plain.raw(), plain.length());
    target.length = plain.length();
    return target;
}

unique_fd open_bound(const bind_target& target, bool shared)
{
    unique_fd handle(::socket(target.raw.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!handle) return handle;
    int on = 1, off = 0;
    ::setsockopt(handle.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) ::setsockopt(handle.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (target.raw.ss_family == AF_INET6) {
        ::setsockopt(handle.get(), IPPROTO_IPV6, IPV6_V6ONLY, target.both_families ? &off : &on, sizeof on);
    }
    if (::bind(handle.get(), reinterpret_cast<const sockaddr*>(&target.raw), target.length) != 0) return {};
    return handle;
}

std::string why_not(const host_port& where)
{
    auto place = where.host + ":" + std::to_string(where.port);
    if (errno == EADDRINUSE) {
        auto owner = describe_port_owner(where.port);
        return place + " is in use" +
               (owner.empty() ? "; stop what listens there or choose another port" : " by " + owner);
    }
    if (errno == EACCES) {
        return "no right to listen on " + place + ": run as root, give CAP_NET_BIND_SERVICE, or use a port above 1023";
    }
    return "can't listen on " + place + ": " + reason();
}

}  // namespace

checked<std::vector<unique_fd>> bind_entrypoint(const host_port& where, std::size_t sockets)
{
    auto fail = [&] { return std::unexpected(problem{"", why_not(where)}); };
    auto target = target_of(where);
    if (where.port != 0) {
        // SO_REUSEPORT would let a second owner in silently: ask without it first.
        auto probe = open_bound(target, false);
        if (!probe || ::listen(probe.get(), 1) != 0) return fail();
    }
    std::vector<unique_fd> bound;
    while (bound.size() < sockets) {
        auto handle = open_bound(target, true);
        if (!handle || ::listen(handle.get(), backlog) != 0) return fail();
        ::getsockname(handle.get(), reinterpret_cast<sockaddr*>(&target.raw), &target.length);
        bound.push_back(std::move(handle));
    }
    return bound;
}

checked<unique_fd> bind_unix(const std::filesystem::path& path, int owner)
{
    auto fail = [&](const char* step) {
        return std::unexpected(problem{path.string(), std::string("can't ") + step + " the socket: " + reason()});
    };
    unique_fd folder(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return fail("find the folder of");
    auto short_path = "/proc/self/fd/" + std::to_string(folder.get()) + "/" + path.filename().string();
    auto local = address::of_unix(short_path);
    if (!local) return std::unexpected(problem{path.string(), "the socket's name is too long"});

    unique_fd handle(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::unlink(path.c_str());
    if (!handle || ::bind(handle.get(), local->raw(), local->length()) != 0) return fail("make");
    if (::chmod(path.c_str(), 0600) != 0) return fail("protect");
    if (owner >= 0 && ::chown(path.c_str(), static_cast<uid_t>(owner), static_cast<gid_t>(-1)) != 0)
        return fail("hand over");
    if (::listen(handle.get(), backlog) != 0) return fail("listen on");
    return handle;
}

result<address> bound_address(int socket)
{
    sockaddr_storage raw{};
    socklen_t length = sizeof raw;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&raw), &length) != 0) {
        return error_code(errno, boost::system::system_category());
    }
    return address(reinterpret_cast<const sockaddr*>(&raw), length);
}

class listener::polled {
public:
    polled(worker& home, int socket) : descriptor(::fcntl(socket, F_DUPFD_CLOEXEC, 0)), readiness(home), pause(home)
    {
        // What is accepted inherits them: a client that vanished doesn't hold a tunnel for ever, small answers leave at
        // once, and one that reads slowly doesn't fill the kernel's memory. Not for unix sockets, where they fail.
        int on = 1;
        ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes, sizeof unsent_bytes);
        if (!descriptor || !readiness.watch(descriptor.get()))
            throw std::system_error(errno, std::system_category(), "a listening socket");
    }
    ~polled() { readiness.end(readiness::open_file::shared); }

    unique_fd descriptor;
    net::readiness readiness;
    event pause;
    duration back_off = shortest_pause;
    int eager = 0;  ///< connections taken without a wait
    bool starved = false;
    bool stopping = false;
};

listener::listener(worker& home, int socket, std::function<bool()> relieve)
    : home_(home), relieve_(std::move(relieve)), polled_(std::make_unique<polled>(home, socket))
{
}
listener::~listener() = default;

task<std::unique_ptr<stream>> listener::accept()
{
    auto& self = *polled_;
    for (;;) {
        sockaddr_storage raw{};
        socklen_t length = sizeof raw;
        auto* peer = reinterpret_cast<sockaddr*>(&raw);
        unique_fd accepted(::accept4(self.descriptor.get(), peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        error_code failure(errno, boost::system::system_category());
        if (accepted) {
            auto made = make_stream(home_, std::move(accepted), address(peer, length));
            if (made) {
                bool gives_way = ++self.eager == most_eager;
                if (std::exchange(self.starved, false)) log::info("accept.recovered", {});
                self.back_off = shortest_pause;
                if (gives_way) {
                    self.eager = 0;
                    co_await next_round();
                }
                co_return std::move(*made);
            }
            failure = made.error();
        }
        bool none_left = failure.value() == EAGAIN;
        if (none_left && self.stopping) co_return nullptr;
        if (none_left) {
            self.eager = 0;
            self.readiness.used_up(direction::read);
            co_await self.readiness.wait(direction::read);
        } else if (!concerns_one_connection(failure)) {
            if (!std::exchange(self.starved, true)) log::warn("accept.starved", {{"why", failure.message()}});
            if (self.stopping) co_return nullptr;
            co_await pause_starved();
        }
    }
}

/// Something that was closed makes room at once; otherwise time may.
task<void> listener::pause_starved()
{
    auto& self = *polled_;
    bool relieved = relieve_ && relieve_();
    if (relieved) self.back_off = shortest_pause;
    co_await self.pause.wait_until(steady_clock::now() + self.back_off);
    if (!relieved) self.back_off = std::min(self.back_off * 2, longest_pause);
}

void listener::stop()
{
    polled_->stopping = true;
    polled_->pause.notify();
    polled_->readiness.end(readiness::open_file::shared);
}

}  // namespace lintel::net
