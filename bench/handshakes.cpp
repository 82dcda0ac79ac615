// bench_handshakes PORT NAME full|resumed AT_ONCE SECONDS: loads 127.0.0.1:PORT with TLS 1.3 connections of which each
// shakes hands, sends one small GET for NAME, compares the answer (bench_backend's /small) and is closed. AT_ONCE
// threads do that one connection after the other: what they cost is not measured, so that they may be simple.
//
// `full`: no session is offered. `resumed`: the newest ticket that the thread got is; one full handshake before the
// clock starts gets the first. What is offered is the same for every server: X25519, AES-256-GCM, a signature of
// ECDSA P-256. Prints JSON: counts, of them `resumed` handshakes that were; times in microseconds. A connection that
// goes wrong counts as `errors`, an answer that is not the expected one as `bad_answers`; the first of them is told on
// standard error.

#include "edge_loop.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;

struct session_deleter {
    void operator()(SSL_SESSION* session) const { ::SSL_SESSION_free(session); }
};
using session_ptr = std::unique_ptr<SSL_SESSION, session_deleter>;

constexpr int body_bytes = 128;

/// What is the same for all connections.
struct plan {
    sockaddr_in server;
    std::string name;
    std::string request;
    bool resume;
    SSL_CTX* context;
};

/// What one thread saw.
struct tally {
    std::vector<std::uint32_t> microseconds;  ///< from connect to the end of the answer, of each that went well
    std::size_t resumed = 0, errors = 0, bad_answers = 0;
    session_ptr newest;  ///< ticket that came
};

void complain_once(const char* what)
{
    static std::atomic_flag told;
    if (told.test_and_set()) return;
    std::fprintf(stderr, "bench_handshakes: %s: %s\n", what, std::strerror(errno));
    ::ERR_print_errors_fp(stderr);
}

int keep_ticket(SSL* tls, SSL_SESSION* session)
{
    static_cast<tally*>(SSL_get_app_data(tls))->newest.reset(session);
    return 1;  // it is ours now
}

SSL_CTX* make_context()
{
    auto* made = ::SSL_CTX_new(::TLS_client_method());
    SSL_CTX_set_min_proto_version(made, TLS1_3_VERSION);
    SSL_CTX_set_read_ahead(made, 1);
    ::SSL_CTX_set_ciphersuites(made, "TLS_AES_256_GCM_SHA384");
    SSL_CTX_set1_groups_list(made, "X25519");
    SSL_CTX_set1_sigalgs_list(made, "ECDSA+SHA256");
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ::SSL_CTX_sess_set_new_cb(made, keep_ticket);
    return made;
}

/// One connection; it is closed in the end. A client that is done says so and doesn't wait.
class connection {
public:
    connection(const plan& all, tally& seen) : plan_(all), seen_(seen), tls_(::SSL_new(all.context))
    {
        timeval patience{.tv_sec = 5, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        int yes = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        SSL_set_app_data(tls_, &seen);
        SSL_set_tlsext_host_name(tls_, all.name.c_str());
        ::SSL_set_fd(tls_, socket_);
        if (all.resume && seen.newest) ::SSL_set_session(tls_, seen.newest.get());
    }
    connection(const connection&) = delete;
    ~connection()
    {
        ::SSL_free(tls_);
        ::close(socket_);
    }

    void use()
    {
        ::ERR_clear_error();
        auto began = clock::now();
        const auto& server = plan_.server;
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) return gone("connect");
        if (::SSL_connect(tls_) != 1) return gone("the handshake");
        auto size = static_cast<int>(plan_.request.size());
        if (::SSL_write(tls_, plan_.request.data(), size) != size) return gone("the request");
        if (!read_answer()) return;
        auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - began);
        seen_.microseconds.push_back(static_cast<std::uint32_t>(took.count()));
        seen_.resumed += ::SSL_session_reused(tls_) == 1;
        ::SSL_shutdown(tls_);
    }

private:
    /// True when it was the expected one, whole.
    bool read_answer()
    {
        std::string answer;
        std::array<char, 4096> part;
        std::size_t end = std::string::npos;
        while (end == std::string::npos || answer.size() < end + 4 + body_bytes) {
            auto got = ::SSL_read(tls_, part.data(), part.size());
            if (got <= 0) return gone("the answer"), false;
            answer.append(part.data(), static_cast<std::size_t>(got));
            end = answer.find("\r\n\r\n");
        }
        auto body = std::string_view(answer).substr(end + 4);
        bool right = answer.starts_with("HTTP/1.1 200 ") && body.size() == body_bytes;
        for (std::size_t i = 0; right && i < body.size(); ++i) right = body[i] == static_cast<char>('a' + i % 26);
        if (right) return true;
        ++seen_.bad_answers;
        complain_once(answer.substr(0, 100).c_str());
        return false;
    }

    void gone(const char* what)
    {
        ++seen_.errors;
        complain_once(what);
    }

    const plan& plan_;
    tally& seen_;
    SSL* tls_;
    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

/// The ticket that comes with a full handshake; ends the process where none does.
session_ptr first_ticket(const plan& all)
{
    tally seen;
    connection(all, seen).use();
    if (!seen.newest) bench::fail("no ticket came");
    return std::move(seen.newest);
}

void print(const std::vector<tally>& tallies, clock::duration lasted)
{
    std::vector<std::uint32_t> all;
    std::size_t resumed = 0, errors = 0, bad_answers = 0;
    for (const auto& each : tallies) {
        all.insert(all.end(), each.microseconds.begin(), each.microseconds.end());
        resumed += each.resumed;
        errors += each.errors;
        bad_answers += each.bad_answers;
    }
    std::ranges::sort(all);
    auto percentile = [&](std::size_t part) { return all.empty() ? 0 : all[(all.size() - 1) * part / 100]; };
    std::printf(
        "{\"requests\": %zu, \"resumed\": %zu, \"microseconds\": %lld, \"p50_us\": %u, \"p99_us\": %u, "
        "\"errors\": %zu, \"bad_answers\": %zu}\n",
        all.size(), resumed,
        static_cast<long long>(std::chrono::duration_cast<std::chrono::microseconds>(lasted).count()), percentile(50),
        percentile(99), errors, bad_answers);
}

}  // namespace

int main(int argc, char** argv)
{
    using namespace std::string_view_literals;
    if (argc != 6 || (argv[3] != "full"sv && argv[3] != "resumed"sv)) {
        std::fputs("usage: bench_handshakes PORT NAME full|resumed AT_ONCE SECONDS\n", stderr);
        return 2;
    }
    std::string name = argv[2];
    plan all{bench::loopback(argv[1]), name, "GET /small HTTP/1.1\r\nHost: " + name + "\r\n\r\n",
             argv[3] == "resumed"sv, make_context()};
    std::vector<tally> tallies(static_cast<std::size_t>(std::stoi(argv[4])));
    if (all.resume) {
        auto ticket = first_ticket(all);
        for (auto& each : tallies) {
            each.newest.reset(::SSL_SESSION_dup(ticket.get()));  // libssl offers a ticket only once
        }
    }

    auto began = clock::now();
    auto until = began + std::chrono::seconds(std::stoi(argv[5]));
    {
        std::vector<std::jthread> threads;
        for (auto& each : tallies) {
            threads.emplace_back([&] {
                while (clock::now() < until) connection(all, each).use();
            });
        }
    }
    print(tallies, clock::now() - began);
}
