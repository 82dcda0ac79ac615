// bench_h2_beside PORT NAME SECONDS: how long a small answer takes on an HTTP/2 connection over TLS of its own, and how
// long on one where 100 MiB are streaming.
//
// One connection to 127.0.0.1:PORT. For SECONDS it asks for /small, one request after the other; then for as long
// again while it has a request for /100m under way the whole time. Its windows are those of a browser: 6 MiB a stream,
// 15 MiB the connection; it reads as fast as it can. Answers are compared with bench_backend's.
//
// Prints JSON: requests and times in microseconds `alone` and `beside`, and how many bytes streamed meanwhile. The
// first thing that goes wrong ends the program with exit code 1 and a sentence on standard error.

#include "edge_loop.hpp"

#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;
using namespace std::string_view_literals;

constexpr std::size_t small_bytes = 128, large_bytes = std::size_t{100} * 1024 * 1024;
constexpr int stream_window = 6 * 1024 * 1024, connection_window = 15 * 1024 * 1024;

[[noreturn]] void wrong(std::string_view what)
{
    std::fprintf(stderr, "bench_h2_beside: %.*s\n", static_cast<int>(what.size()), what.data());
    ::ERR_print_errors_fp(stderr);
    std::exit(1);
}

/// A request under way, and how much of its answer is here.
struct request {
    std::string_view path;
    std::size_t expected;  ///< bytes of the body
    std::size_t got = 0;
    bool good = false;  ///< its status was 200
    bool over = true;
};

/// One connection, blocking.
class connection {
public:
    connection(const char* port, std::string name) : name_(std::move(name))
    {
        auto server = bench::loopback(port);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) bench::fail("connect");
        timeval patience{.tv_sec = 10, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        int yes = 1;
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        shake_hands();
        greet();
    }

    /// `of` must stay where it is until it is over.
    void ask(request& of)
    {
        of.got = 0;
        of.good = of.over = false;
        std::array fields{field(":method", "GET"), field(":scheme", "https"), field(":authority", name_),
                          field(":path", of.path)};
        if (::nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), nullptr, &of) < 0)
            wrong("no stream is left");
        send();
    }

    /// What there is to read, after waiting for it.
    void go_on()
    {
        auto got = ::SSL_read(tls_, buffer_.data(), static_cast<int>(buffer_.size()));
        if (got <= 0) wrong("the connection ended, or nothing came for 10 s");
        if (::nghttp2_session_mem_recv(session_, buffer_.data(), static_cast<std::size_t>(got)) < 0)
            wrong("what came is not HTTP/2");
        send();
    }

private:
    void shake_hands()
    {
        auto* context = ::SSL_CTX_new(::TLS_client_method());
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
        ::SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384");
        SSL_CTX_set1_groups_list(context, "X25519");
        constexpr auto offered = "\2h2"sv;
        ::SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(offered.data()), offered.size());
        tls_ = ::SSL_new(context);
        SSL_set_tlsext_host_name(tls_, name_.c_str());
        ::SSL_set_fd(tls_, socket_);
        if (::SSL_connect(tls_) != 1) wrong("the handshake failed");
        const unsigned char* chosen = nullptr;
        unsigned size = 0;
        ::SSL_get0_alpn_selected(tls_, &chosen, &size);
        if (size != 2) wrong("HTTP/2 was not chosen");
    }

    void greet()
    {
        nghttp2_session_callbacks* calls = nullptr;
        ::nghttp2_session_callbacks_new(&calls);
        ::nghttp2_session_callbacks_set_on_header_callback(calls, on_field);
        ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
        ::nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_closed);
        ::nghttp2_session_client_new(&session_, calls, this);
        ::nghttp2_session_callbacks_del(calls);
        std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
                            nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
        ::nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
        ::nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window);
        send();
    }

    void send()
    {
        const std::uint8_t* bytes = nullptr;
        for (ssize_t count; (count = ::nghttp2_session_mem_send(session_, &bytes)) > 0;) {
            if (::SSL_write(tls_, bytes, static_cast<int>(count)) != count) wrong("the connection takes nothing");
        }
    }

    static nghttp2_nv field(std::string_view name, std::string_view value)
    {
        auto octets = [](std::string_view text) {
            return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 only reads
        };
        return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    }

    static request* of(nghttp2_session* session, std::int32_t stream)
    {
        return static_cast<request*>(::nghttp2_session_get_stream_user_data(session, stream));
    }

    static int on_field(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                        std::size_t size, const std::uint8_t* value, std::size_t value_size, std::uint8_t, void*)
    {
        auto text = [](const std::uint8_t* bytes, std::size_t count) {
            return std::string_view(reinterpret_cast<const char*>(bytes), count);
        };
        if (text(name, size) == ":status") of(session, frame->hd.stream_id)->good = text(value, value_size) == "200";
        return 0;
    }

    static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                       std::size_t size, void*)
    {
        auto& which = *of(session, stream);
        // The letters of bench_backend: the first and the last byte of each piece are enough to see one that is lost.
        auto right = [&](std::size_t at) { return bytes[at] == 'a' + (which.got + at) % 26; };
        if (!right(0) || !right(size - 1)) wrong("a body is not what it should be");
        which.got += size;
        return 0;
    }

    static int on_closed(nghttp2_session* session, std::int32_t stream, std::uint32_t why, void*)
    {
        auto& which = *of(session, stream);
        if (why != NGHTTP2_NO_ERROR || !which.good || which.got != which.expected)
            wrong("an answer was not whole, or no 200");
        which.over = true;
        return 0;
    }

    std::string name_;
    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL* tls_ = nullptr;
    nghttp2_session* session_ = nullptr;
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(bench::buffer_bytes);
};

struct phase {
    std::vector<std::int64_t> microseconds;  ///< each small answer took
    std::size_t streamed_bytes = 0;
};

/// Small requests for so long; `with_stream`: beside a large one, the next when one is over.
phase measure(connection& over, std::chrono::seconds duration, bool with_stream)
{
    phase seen;
    request small{"/small", small_bytes}, large{"/100m", large_bytes};
    for (auto until = clock::now() + duration; clock::now() < until;) {
        if (with_stream && large.over) {
            seen.streamed_bytes += large.got;
            over.ask(large);
            while (large.got == 0) over.go_on();
        }
        auto began = clock::now();
        over.ask(small);
        while (!small.over) over.go_on();
        auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - began);
        seen.microseconds.push_back(took.count());
    }
    seen.streamed_bytes += large.got;
    while (!large.over) over.go_on();
    std::ranges::sort(seen.microseconds);
    return seen;
}

void print(const char* name, const phase& seen)
{
    const auto& all = seen.microseconds;
    auto percentile = [&](std::size_t part) { return static_cast<long long>(all[(all.size() - 1) * part / 100]); };
    std::printf("\"%s\": {\"requests\": %zu, \"p50_us\": %lld, \"p99_us\": %lld, \"streamed_bytes\": %zu}", name,
                all.size(), percentile(50), percentile(99), seen.streamed_bytes);
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 4) {
        std::fputs("usage: bench_h2_beside PORT NAME SECONDS\n", stderr);
        return 2;
    }
    connection over(argv[1], argv[2]);
    std::chrono::seconds duration(std::stoi(argv[3]));
    measure(over, std::chrono::seconds(1), false);  // warms up
    auto alone = measure(over, duration, false);
    auto beside = measure(over, duration, true);
    std::printf("{");
    print("alone", alone);
    std::printf(", ");
    print("beside", beside);
    std::printf("}\n");
}
