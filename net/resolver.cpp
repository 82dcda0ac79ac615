#include "net/resolver.hpp"

#include "net/error.hpp"
#include "net/event.hpp"
#include "net/socket.hpp"
#include "net/task_group.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <ares.h>
#include <netdb.h>

#include <cstring>
#include <map>
#include <stdexcept>

namespace lintel::net {

using namespace std::chrono_literals;

namespace {

constexpr duration shortest_life = 1s, longest_life = 60s;

struct ares_library {
    ares_library() { ares_library_init(ARES_LIB_INIT_ALL); }
    ~ares_library() { ares_library_cleanup(); }
};

struct answer {
    std::vector<address> addresses;
    time_point good_until{};
};

/// What c-ares fills in. Shared with it: the task that asked may be stopped before the answer comes.
struct query {
    query(executor worker, int& count) : done(worker), running(count) { ++running; }
    event done;
    int& running;
    int status = ARES_ECANCELLED;
    answer found;
};

void take_answer(void* argument, int status, int, ares_addrinfo* info)
{
    std::unique_ptr<std::shared_ptr<query>> mine(static_cast<std::shared_ptr<query>*>(argument));
    auto& self = **mine;
    --self.running;
    self.status = status;
    auto life = longest_life;
    for (auto* node = info != nullptr ? info->nodes : nullptr; node != nullptr; node = node->ai_next) {
        self.found.addresses.emplace_back(node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
        life = std::min<duration>(life, std::chrono::seconds(node->ai_ttl));
    }
    self.found.good_until = steady_clock::now() + std::max(life, shortest_life);
    if (info != nullptr) ares_freeaddrinfo(info);
    self.done.notify();
}

}  // namespace

class resolver::channel {
public:
    explicit channel(worker& home) : home_(home), ticker_(home.get_executor())
    {
        static const ares_library library;
        ares_options options{};
        options.sock_state_cb = [](void* self, ares_socket_t socket, int read, int write) {
            static_cast<channel*>(self)->watch(socket, read != 0, write != 0);
        };
        options.sock_state_cb_data = this;
        options.timeout = 2000;
        options.tries = 2;
        int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
        if (ares_init_options(&native_, &options, mask) != ARES_SUCCESS)
            throw std::runtime_error("c-ares does not start");
    }

    ~channel()
    {
        ares_destroy(native_);
        for (auto& [socket, descriptor] : sockets_) descriptor->release();
    }

    task<result<std::vector<address>>> resolve(std::string host)
    {
        auto& known = cache_[host];
        if (steady_clock::now() < known.good_until) co_return known.addresses;

        auto running = std::make_shared<query>(home_.get_executor(), queries_);
        ares_addrinfo_hints hints{};
        hints.ai_family = AF_UNSPEC;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(native_, host.c_str(), nullptr, &hints, take_answer, new std::shared_ptr(running));
        tick();
        co_await running->done.wait();
        auto& kept = cache_[host];  // the map may have grown meanwhile
        if (running->status == ARES_SUCCESS && !running->found.addresses.empty()) {
            kept = std::move(running->found);
            co_return kept.addresses;
        }
        bool absent = running->status == ARES_ENOTFOUND || running->status == ARES_ENODATA;
        if (!kept.addresses.empty() && !absent) {
            kept.good_until = steady_clock::now() + shortest_life;
            co_return kept.addresses;
        }
        cache_.erase(host);
        co_return absent ? errc::name_not_found : errc::resolver_failed;
    }

private:
    using descriptor = asio::posix::basic_stream_descriptor<executor>;

    /// c-ares says which of its sockets it wants to read or write.
    void watch(ares_socket_t socket, bool read, bool write)
    {
        if (!read && !write) {
            if (auto known = sockets_.find(socket); known != sockets_.end()) {
                known->second->release();  // c-ares closes it
                sockets_.erase(known);
            }
            return;
        }
        auto& known = sockets_[socket];
        if (!known) known = std::make_shared<descriptor>(home_.get_executor(), socket);
        if (read) await(known, socket, descriptor::wait_read);
        if (write) await(known, socket, descriptor::wait_write);
    }

    void await(const std::shared_ptr<descriptor>& on, ares_socket_t socket, descriptor::wait_type what)
    {
        on->async_wait(what, [this, on, socket, what](error_code failure) {
            if (failure) return;
            bool read = what == descriptor::wait_read;
            ares_process_fd(native_, read ? socket : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : socket);
            auto known = sockets_.find(socket);
            if (known != sockets_.end() && known->second == on && read) await(on, socket, what);
        });
    }

    /// Lets c-ares see its time-outs while queries run.
    void tick()
    {
        if (ticking_) return;
        ticking_ = true;
        ticker_.expires_after(100ms);
        ticker_.async_wait([this](error_code failure) {
            ticking_ = false;
            if (failure) return;
            ares_process_fd(native_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            if (queries_ > 0) tick();
        });
    }

    worker& home_;
    ares_channel native_ = nullptr;
    timer ticker_;
    bool ticking_ = false;
    int queries_ = 0;
    std::map<ares_socket_t, std::shared_ptr<descriptor>> sockets_;
    std::map<std::string, answer> cache_;
};

resolver::resolver(worker& home) : channel_(std::make_unique<channel>(home)) {}
resolver::~resolver() = default;

task<result<std::vector<address>>> resolver::resolve(std::string host, std::uint16_t port)
{
    if (auto literal = address::of_ip(host, port)) co_return std::vector{*literal};
    auto found = co_await channel_->resolve(std::move(host));
    if (!found) co_return found.error();
    std::vector<address> addresses;
    for (const auto& each : *found) addresses.push_back(address::of_ip(each.ip(), port).value());
    co_return addresses;
}

task<result<std::unique_ptr<stream>>> connect_host(worker& home, resolver& names, std::string host, std::uint16_t port,
                                                   duration limit)
{
    auto addresses = co_await names.resolve(std::move(host), port);
    if (!addresses) co_return addresses.error();
    result<std::unique_ptr<stream>> last = error_code(errc::name_not_found);
    for (const auto& each : *addresses) {
        last = co_await connect(home, each, limit);
        if (last) break;
    }
    co_return last;
}

}  // namespace lintel::net
