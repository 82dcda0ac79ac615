// bench_backend PORT: the application behind every contestant, on 127.0.0.1. One thread, keep-alive, answers that are
// made before the first request comes, one write each where the socket has room. It shares a core with the load
// generator, so it reads of a head only what decides the answer: the path, the length of the body, and whether to
// close.
//
//   /small      128 bytes                         /chunked    16 KiB in 16 chunks
//   /fields     128 bytes and 20 more fields      /upload     how many bytes the request's body had
//   /64k /1m    64 KiB, 1 MiB                     /echo-head  the request's head as it came
//   /100m       100 MiB                           /ws         101, then every byte comes back
//
// Byte i of a body is the letter 'a' + i % 26. Requests may be chunked; pipelining is not supported.

#include "edge_loop.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace {

// ---------------------------------------------------------------- answers

std::string letters(std::size_t size)
{
    std::string text(size, 'a');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 26);
    return text;
}

std::string with_length(std::string_view body, std::string_view more_fields = {})
{
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";
    answer += more_fields;
    answer += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    answer += body;
    return answer;
}

std::string twenty_fields()
{
    std::string fields;
    for (int i = 1; i <= 20; ++i) fields += "X-Answer-" + std::to_string(i) + ": " + letters(24) + "\r\n";
    return fields;
}

std::string in_chunks(std::string_view body, std::size_t chunk)
{
    std::string answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size(); at += chunk) {
        auto piece = body.substr(at, chunk);
        std::array<char, 16> digits{};
        auto end = std::to_chars(digits.begin(), digits.end(), piece.size(), 16).ptr;
        answer.append(digits.begin(), end).append("\r\n").append(piece).append("\r\n");
    }
    return answer + "0\r\n\r\n";
}

struct ready_answers {
    std::string small = with_length(letters(128));
    std::string fields = with_length(letters(128), twenty_fields());
    std::string medium = with_length(letters(64 * 1024));
    std::string large = with_length(letters(1024 * 1024));
    std::string chunked = in_chunks(letters(16 * 1024), 1024);
    std::string unknown = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

    /// Made when it is first asked for: most runs never do.
    const std::string& huge() const
    {
        static const auto made = with_length(letters(100 * 1024 * 1024));
        return made;
    }
};

/// Sec-WebSocket-Accept for this key (RFC 6455 §4.2.2).
std::string accept_of(std::string key)
{
    key += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
    ::SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
    std::array<unsigned char, 32> text{};
    int size = ::EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
    return {text.begin(), text.begin() + size};
}

// ---------------------------------------------------------------- requests

char lower(unsigned char c) { return static_cast<char>(std::tolower(c)); }

/// The value of a field in a head that ends in an empty line; empty where there is none. `name`: in lower case.
std::string_view value_of(std::string_view head, std::string_view name)
{
    for (auto line = head.find("\r\n"); line + 2 < head.size(); line = head.find("\r\n", line + 2)) {
        auto field = head.substr(line + 2, head.find("\r\n", line + 2) - line - 2);
        if (field.size() <= name.size() || field[name.size()] != ':') continue;
        if (!std::ranges::equal(field.substr(0, name.size()), name, {}, lower)) continue;
        field.remove_prefix(std::min(field.find_first_not_of(' ', name.size() + 1), field.size()));
        return field;
    }
    return {};
}

/// Finds the end of a chunked body without keeping it (RFC 9112 §7.1); extensions and trailers are skipped.
class chunk_reader {
public:
    /// Takes bytes of the body; returns how many of them were data. `ended()` after the last.
    std::size_t take(std::string_view bytes)
    {
        std::size_t data = 0;
        for (std::size_t at = 0; at < bytes.size() && !ended_;) {
            if (left_ > 0) {
                auto part = std::min<std::size_t>(left_, bytes.size() - at);
                left_ -= part;
                at += part;
                data += part;
            } else {
                take_of_line(bytes[at++]);
            }
        }
        return data;
    }

    bool ended() const { return ended_; }

private:
    void take_of_line(char byte)
    {
        if (byte == '\r') return;
        if (byte != '\n') {
            line_ += byte;
            return;
        }
        auto line = std::exchange(line_, {});
        if (trailers_) {
            ended_ = line.empty();
        } else if (!line.empty()) {  // the empty one ends the chunk before
            std::from_chars(line.data(), line.data() + line.size(), left_, 16);
            trailers_ = left_ == 0;
        }
    }

    std::size_t left_ = 0;
    std::string line_;
    bool trailers_ = false;
    bool ended_ = false;
};

// ---------------------------------------------------------------- connections

class connection {
public:
    connection(int socket, const ready_answers& answers) : socket_(socket), answers_(answers) {}
    connection(const connection&) = delete;
    ~connection() { ::close(socket_); }

    /// Does all that can be done now; `hung_up`: epoll said that the client sends no more. False: it is over.
    bool go_on(std::vector<char>& buffer, bool hung_up)
    {
        hung_up_ |= hung_up;
        if (!flush()) return false;
        while (unsent_.empty()) {
            auto got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (got < 0) return errno == EAGAIN;
            if (got == 0) return false;
            take({buffer.data(), static_cast<std::size_t>(got)});
            if (!flush()) return false;
            // A short read emptied the socket, epoll(7): what comes later is an event of its own.
            if (static_cast<std::size_t>(got) < buffer.size() && !hung_up_) return true;
        }
        return true;
    }

private:
    enum class state { head, body, chunked_body, tunnel };

    void take(std::string_view bytes)
    {
        switch (state_) {
            case state::head: return take_head(bytes);
            case state::body:
            case state::chunked_body: return take_body(bytes);
            case state::tunnel: return send_made(std::string(bytes));
        }
    }

    void take_head(std::string_view bytes)
    {
        head_ += bytes;
        auto end = head_.find("\r\n\r\n");
        if (end == std::string::npos) return;
        auto rest = head_.substr(end + 4);
        head_.resize(end + 4);
        body_bytes_ = 0;
        left_ = 0;
        chunks_ = {};
        auto length = value_of(head_, "content-length");
        std::from_chars(length.data(), length.data() + length.size(), left_);
        state_ = value_of(head_, "transfer-encoding").empty() ? state::body : state::chunked_body;
        take_body(rest);
    }

    void take_body(std::string_view bytes)
    {
        bool chunked = state_ == state::chunked_body;
        body_bytes_ += chunked ? chunks_.take(bytes) : bytes.size();
        if (chunked ? !chunks_.ended() : body_bytes_ < left_) return;
        closing_ = value_of(head_, "connection") == "close";
        state_ = state::head;
        answer();
        head_.clear();
    }

    void answer()
    {
        std::string_view head = head_;
        auto path = head.substr(head.find(' ') + 1);
        path = path.substr(0, path.find(' '));
        if (path == "/small") return send_kept(answers_.small);
        if (path == "/fields") return send_kept(answers_.fields);
        if (path == "/64k") return send_kept(answers_.medium);
        if (path == "/1m") return send_kept(answers_.large);
        if (path == "/100m") return send_kept(answers_.huge());
        if (path == "/chunked") return send_kept(answers_.chunked);
        if (path == "/upload") return send_made(with_length(std::to_string(body_bytes_)));
        if (path == "/echo-head") return send_made(with_length(head));
        if (path == "/ws") return open_tunnel();
        send_kept(answers_.unknown);
    }

    void open_tunnel()
    {
        state_ = state::tunnel;
        auto key = std::string(value_of(head_, "sec-websocket-key"));
        send_made(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            accept_of(key) + "\r\n\r\n");
    }

    void send_kept(const std::string& answer)
    {
        if (closing_) return send_made(answer);
        unsent_ = answer;
    }

    void send_made(std::string answer)
    {
        own_ = std::move(answer);
        if (closing_) own_.insert(own_.find("\r\n"), "\r\nConnection: close");
        unsent_ = own_;
    }

    bool flush()
    {
        while (!unsent_.empty()) {
            auto sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent < 0) return errno == EAGAIN;
            unsent_.remove_prefix(static_cast<std::size_t>(sent));
            if (unsent_.empty() && closing_) return false;
        }
        return true;
    }

    int socket_;
    const ready_answers& answers_;
    state state_ = state::head;
    std::string head_;
    std::size_t left_ = 0;        ///< what Content-Length says
    std::size_t body_bytes_ = 0;  ///< of the request's body, so far
    chunk_reader chunks_;
    bool closing_ = false;  ///< this answer is the last
    bool hung_up_ = false;
    std::string own_;          ///< an answer made for this request
    std::string_view unsent_;  ///< of `own_` or of one of the ready answers
};

/// A connection is deleted in the middle of a batch of events: epoll gives one event per socket, so none follows.
class server {
public:
    explicit server(sockaddr_in address) : loop_(address) {}

    [[noreturn]] void run()
    {
        loop_.run([this](int client) { loop_.watch(client, new connection(client, answers_)); },
                  [this](void* owner, std::uint32_t events) {
                      auto* ready = static_cast<connection*>(owner);
                      if (!ready->go_on(buffer_, (events & bench::hang_up) != 0)) delete ready;
                  },
                  [] {});
    }

private:
    bench::edge_loop loop_;
    ready_answers answers_;
    std::vector<char> buffer_ = std::vector<char>(bench::buffer_bytes);
};

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fputs("usage: bench_backend PORT\n", stderr);
        return 2;
    }
    server(bench::loopback(argv[1])).run();
}
