#include "net/dns_channel.hpp"

#include <ares.h>
#include <netdb.h>

#include <cstring>
#include <map>
#include <stdexcept>

#include <netinet/in.h>
#include <sys/epoll.h>

namespace lintel::net {

using namespace std::chrono_literals;

namespace {

constexpr int first_patience_ms = 2000, tries = 2;

struct ares_library {
    ares_library() { ares_library_init(ARES_LIB_INIT_ALL); }
    ~ares_library() { ares_library_cleanup(); }
};

dns_answer::kind kind_of(int status)
{
    if (status == ARES_ENOTFOUND || status == ARES_ENODATA) return dns_answer::kind::absent;
    return dns_answer::kind::failed;
}

dns_answer answer_of(int status, const ares_addrinfo* info)
{
    if (status != ARES_SUCCESS || info == nullptr || info->nodes == nullptr)
        return {kind_of(status), {}, {}, status == ARES_ENOTFOUND};
    dns_answer found{dns_answer::kind::found, {}, duration::max(), false};
    for (auto* alias = info->cnames; alias != nullptr; alias = alias->next) {
        found.life = std::min<duration>(found.life, std::chrono::seconds(alias->ttl));
    }
    for (auto* node = info->nodes; node != nullptr; node = node->ai_next) {
        found.addresses.emplace_back(node->ai_addr, static_cast<socklen_t>(node->ai_addrlen));
        found.life = std::min<duration>(found.life, std::chrono::seconds(node->ai_ttl));
    }
    return found;
}

address address_of(int family, const char* bytes)
{
    if (family == AF_INET) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        std::memcpy(&v4.sin_addr, bytes, sizeof v4.sin_addr);
        return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, bytes, sizeof v6.sin6_addr);
    return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

ares_addr_port_node server_node(const address& server)
{
    ares_addr_port_node node{};
    node.family = server.family();
    node.udp_port = node.tcp_port = server.port();
    if (server.family() == AF_INET) {
        node.addr.addr4 = reinterpret_cast<const sockaddr_in*>(server.raw())->sin_addr;
    } else {
        std::memcpy(&node.addr.addr6, &reinterpret_cast<const sockaddr_in6*>(server.raw())->sin6_addr, 16);
    }
    return node;
}

}  // namespace

class dns_channel::native {
public:
    native(worker& home, const std::vector<address>& servers) : home_(home), ticker_(home, [this] { on_tick(); })
    {
        static const ares_library library;
        ares_options options{};
        options.sock_state_cb = [](void* self, ares_socket_t socket, int read, int write) {
            static_cast<native*>(self)->watch(socket, read != 0, write != 0);
        };
        options.sock_state_cb_data = this;
        options.timeout = first_patience_ms;
        options.tries = tries;
        int mask = ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
        if (ares_init_options(&ares_, &options, mask) != ARES_SUCCESS)
            throw std::runtime_error("c-ares does not start");
        if (!use(servers)) {
            ares_destroy(ares_);
            throw std::runtime_error("c-ares does not take the name servers");
        }
    }

    ~native()
    {
        // First this: where two questions of one name run, c-ares 1.18 frees twice when it is destroyed under them.
        ares_cancel(ares_);
        ares_destroy(ares_);
    }

    void ask(const std::string& host, int family, std::function<void(dns_answer)> then)
    {
        ares_addrinfo_hints hints{};
        hints.ai_flags = ARES_AI_NOSORT;  // the server's order; sorting takes a socket per address
        hints.ai_family = family;
        hints.ai_socktype = SOCK_STREAM;
        auto question = std::make_unique<open_question>(*this, std::move(then));
        ares_getaddrinfo(ares_, host.c_str(), nullptr, &hints, take_answer, question.release());
        tick();
    }

    std::vector<address> in_hosts_file(const std::string& host, int family)
    {
        std::vector<address> found;
        hostent* entry = nullptr;
        if (ares_gethostbyname_file(ares_, host.c_str(), family, &entry) != ARES_SUCCESS) return found;
        for (char** each = entry->h_addr_list; entry->h_addrtype == family && *each != nullptr; ++each) {
            found.push_back(address_of(family, *each));
        }
        ares_free_hostent(entry);
        return found;
    }

private:
    /// What c-ares holds while it asks.
    struct open_question {
        open_question(native& channel, std::function<void(dns_answer)> answered)
            : home(channel), then(std::move(answered))
        {
            ++home.questions_;
        }
        ~open_question() { --home.questions_; }
        open_question(const open_question&) = delete;

        native& home;
        std::function<void(dns_answer)> then;
    };

    /// A socket of c-ares, watched for what c-ares wants of it.
    struct watched final : event_source, runnable {
        watched(native& channel, ares_socket_t opened) : home(channel), socket(opened) {}
        ~watched() { home.home_.forget(socket); }
        watched(const watched&) = delete;

        void happened(unsigned what) override
        {
            events = what;
            home.home_.soon(*this);
        }
        void go_on() override
        {
            constexpr unsigned gone = EPOLLHUP | EPOLLERR;
            bool reads = events & (EPOLLIN | gone), writes = events & (EPOLLOUT | gone);
            ares_process_fd(home.ares_, reads ? socket : ARES_SOCKET_BAD, writes ? socket : ARES_SOCKET_BAD);
        }

        native& home;
        ares_socket_t socket;
        unsigned events = 0;
        bool known = false;  ///< to the loop
    };

    static void take_answer(void* argument, int status, int, ares_addrinfo* info)
    {
        std::unique_ptr<open_question> question(static_cast<open_question*>(argument));
        auto answer = answer_of(status, info);
        if (info != nullptr) ares_freeaddrinfo(info);
        question->then(std::move(answer));
    }

    bool use(const std::vector<address>& servers)
    {
        if (servers.empty()) return true;
        std::vector<ares_addr_port_node> nodes;
        for (const auto& each : servers) nodes.push_back(server_node(each));
        for (std::size_t i = 1; i < nodes.size(); ++i) nodes[i - 1].next = &nodes[i];
        return ares_set_servers_ports(ares_, nodes.data()) == ARES_SUCCESS;
    }

    /// c-ares says which of its sockets it wants to read or write; neither: it is about to close it.
    void watch(ares_socket_t socket, bool read, bool write)
    {
        if (!read && !write) {
            sockets_.erase(socket);
            return;
        }
        auto& on = sockets_.try_emplace(socket, *this, socket).first->second;
        unsigned events = (read ? unsigned{EPOLLIN} : 0U) | (write ? unsigned{EPOLLOUT} : 0U);
        // Where the kernel can't, c-ares gives up after its time-out.
        on.known = static_cast<bool>(on.known ? home_.rewatch(socket, events, on) : home_.watch(socket, events, on));
    }

    /// Lets c-ares see its time-outs while questions are open.
    void tick()
    {
        if (questions_ > 0 && !std::exchange(ticking_, true)) ticker_.set(steady_clock::now() + 100ms);
    }

    void on_tick()
    {
        ticking_ = false;
        ares_process_fd(ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        tick();
    }

    worker& home_;
    ares_channel ares_ = nullptr;
    alarm ticker_;
    bool ticking_ = false;
    std::size_t questions_ = 0;
    std::map<ares_socket_t, watched> sockets_;
};

dns_channel::dns_channel(worker& home, const std::vector<address>& servers)
    : native_(std::make_unique<native>(home, servers))
{
}

dns_channel::~dns_channel() = default;

void dns_channel::ask(const std::string& host, int family, std::function<void(dns_answer)> then)
{
    native_->ask(host, family, std::move(then));
}

std::vector<address> dns_channel::in_hosts_file(const std::string& host, int family) const
{
    return native_->in_hosts_file(host, family);
}

}  // namespace lintel::net
