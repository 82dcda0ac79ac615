// bench_tls_floor LISTEN_PORT BACKEND_PORT CHAIN KEY: ends TLS 1.3 on 127.0.0.1, relays what is inside to a plain
// connection and back, and understands none of it. A proxy on libssl can hardly cost less than this, per request, per
// handshake and per idle connection. As bench_floor (floor.cpp), it is the lower bound that ratios are made with.
//
// Each accepted connection gets one connection to the backend, opened at once; epoll is told of both once, edge by
// edge. libssl reads from the socket by itself, a buffer at a time; what it writes is collected and leaves in one send
// per event. CHAIN and KEY are PEM files. Tickets are on, as libssl has them; buffers are held only while bytes are in
// them.

#include "edge_loop.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
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
    std::vector<char> unsent{};  ///< meant for this socket, which has no room for it yet
    bool readable = false;       ///< epoll said so, and no read has found it empty since
    bool hung_up = false;        ///< epoll said that its peer sends no more: read on until recv says so
    bool ended = false;          ///< its peer said so

    /// As recv(2), without the call where it would find nothing: a read that was short emptied the socket, epoll(7).
    ssize_t receive(std::span<char> into)
    {
        if (!readable) {
            errno = EAGAIN;
            return -1;
        }
        auto got = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT);
        readable = got > 0 && (hung_up || static_cast<std::size_t>(got) == into.size());
        if (got == 0) ended = true;
        return got;
    }

    /// Sends what it can and keeps the rest. False: the connection failed.
    bool send(std::span<const char> bytes)
    {
        auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        unsent.assign(bytes.begin() + std::max<ssize_t>(sent, 0), bytes.end());
        return true;
    }

    bool send_rest() { return unsent.empty() || send(std::exchange(unsent, {})); }
};

struct pair {
    side client, backend;
    SSL* tls;
    bool over = false;

    pair(int client_socket, int backend_socket, SSL* session)
        : client{client_socket, *this}, backend{backend_socket, *this}, tls(session)
    {
    }
    pair(const pair&) = delete;
    ~pair()
    {
        ::SSL_free(tls);
        ::close(client.socket);
        ::close(backend.socket);
    }
};

// ---------------------------------------------------------------- the client's socket, as libssl sees it

std::vector<char> records;  // what libssl wrote for the client that is being served; sent before the next one is

int read_client(BIO* bio, char* into, int size)
{
    auto& client = *static_cast<side*>(::BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    auto got = client.receive({into, static_cast<std::size_t>(size)});
    if (got < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
    return static_cast<int>(got);
}

int write_client(BIO*, const char* from, int size)
{
    records.insert(records.end(), from, from + size);
    return size;
}

long control_client(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO* bio_of(side& client)
{
    static BIO_METHOD* const method = [] {
        auto* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "a side");
        ::BIO_meth_set_read(made, read_client);
        ::BIO_meth_set_write(made, write_client);
        ::BIO_meth_set_ctrl(made, control_client);
        return made;
    }();
    auto* bio = ::BIO_new(method);
    ::BIO_set_data(bio, &client);
    ::BIO_set_init(bio, 1);
    return bio;
}

[[noreturn]] void fail_tls(const char* what)
{
    std::fprintf(stderr, "%s\n", what);
    ::ERR_print_errors_fp(stderr);
    std::exit(1);
}

SSL_CTX* context_of(const char* chain, const char* key)
{
    auto* made = ::SSL_CTX_new(::TLS_server_method());
    SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION);
    SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(made, 1);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);  // tickets need none
    if (::SSL_CTX_use_certificate_chain_file(made, chain) != 1) fail_tls(chain);
    if (::SSL_CTX_use_PrivateKey_file(made, key, SSL_FILETYPE_PEM) != 1) fail_tls(key);
    return made;
}

// ---------------------------------------------------------------- the relay

class relay {
public:
    relay(sockaddr_in listen_at, sockaddr_in backend, SSL_CTX* context)
        : loop_(listen_at), backend_(backend), context_(context)
    {
    }

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
        auto* made = new pair(client, backend, ::SSL_new(context_));  // `over_` takes it when it ends
        auto* bio = bio_of(made->client);
        ::SSL_set_bio(made->tls, bio, bio);
        ::SSL_set_accept_state(made->tls);
        for (auto* each : {&made->client, &made->backend}) loop_.watch(each->socket, each);
    }

    void heed(side& ready, std::uint32_t events)
    {
        auto& both = ready.both;
        ready.hung_up |= (events & bench::hang_up) != 0;
        ready.readable |= (events & (EPOLLIN | bench::hang_up)) != 0;
        bool waited = !ready.unsent.empty();
        bool fine = !(events & EPOLLOUT) || ready.send_rest();
        bool has_room_again = waited && ready.unsent.empty();  // what waits on the other side may come
        if (fine && (&ready == &both.client || has_room_again)) fine = from_client(both);
        if (fine && (&ready == &both.backend || has_room_again)) fine = from_backend(both);
        if (fine && !(both.client.ended && both.backend.ended && both.client.unsent.empty())) return;
        both.over = true;
        over_.emplace_back(&both);
    }

    /// Shakes hands, and moves what the client sent until there is no more, or no room. False: a connection failed.
    bool from_client(pair& of)
    {
        while (of.backend.unsent.empty() && of.client.unsent.empty() && has_more(of)) {
            std::size_t have = 0;
            int got = 0;
            do {
                got = ::SSL_read(of.tls, buffer_.data() + have, static_cast<int>(buffer_.size() - have));
                have += static_cast<std::size_t>(std::max(got, 0));
            } while (got > 0 && have < buffer_.size() && has_more(of));
            auto why = got > 0 ? SSL_ERROR_NONE : ::SSL_get_error(of.tls, got);
            if (!flush(of)) return false;  // our part of the handshake, tickets, an alert
            if (have > 0 && !of.backend.send({buffer_.data(), have})) return false;
            switch (why) {
                case SSL_ERROR_NONE: break;
                case SSL_ERROR_WANT_READ: return true;
                case SSL_ERROR_ZERO_RETURN:
                    of.client.ended = true;
                    ::shutdown(of.backend.socket, SHUT_WR);
                    return true;
                default: ::ERR_clear_error(); return false;
            }
        }
        return true;
    }

    /// SSL_read would cost a buffer to say that nothing is there.
    static bool has_more(const pair& of)
    {
        return !of.client.ended && (of.client.readable || ::SSL_has_pending(of.tls));
    }

    bool from_backend(pair& of)
    {
        while (of.client.unsent.empty() && !of.backend.ended && ::SSL_is_init_finished(of.tls)) {
            auto got = of.backend.receive(buffer_);
            if (got < 0) return errno == EAGAIN;
            if (got == 0)
                ::SSL_shutdown(of.tls);
            else if (::SSL_write(of.tls, buffer_.data(), static_cast<int>(got)) <= 0)
                return false;
            if (!flush(of)) return false;
            if (got == 0) ::shutdown(of.client.socket, SHUT_WR);
        }
        return true;
    }

    /// Sends the records that libssl made. `unsent` was empty, or they come after it.
    static bool flush(pair& of)
    {
        if (records.empty()) return true;
        bool fine = true;
        if (of.client.unsent.empty())
            fine = of.client.send(records);
        else
            of.client.unsent.insert(of.client.unsent.end(), records.begin(), records.end());
        records.clear();
        return fine;
    }

    bench::edge_loop loop_;
    sockaddr_in backend_;
    SSL_CTX* context_;
    std::vector<char> buffer_ = std::vector<char>(bench::buffer_bytes);
    std::vector<std::unique_ptr<pair>> over_;
};

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 5) {
        std::fputs("usage: bench_tls_floor LISTEN_PORT BACKEND_PORT CHAIN KEY\n", stderr);
        return 2;
    }
    relay(bench::loopback(argv[1]), bench::loopback(argv[2]), context_of(argv[3], argv[4])).run();
}
