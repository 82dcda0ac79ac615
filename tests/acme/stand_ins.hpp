#pragma once
// What stands for the edge in tests of acme/: a board, and servers that show what is on it.

#include "acme/challenge_board.hpp"
#include "tests/support/tiny_server.hpp"
#include "tests/tls/made_certificates.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace lintel::acme {

/// Thread-safe, as servers of tests have threads of their own.
class notice_board final : public challenge_board {
public:
    task<bool> show(std::vector<model::challenge> what) override
    {
        {
            std::lock_guard hold(guard_);
            ++shows_;
            for (auto& each : what) shown_[model::id_of(each)] = each;
        }
        co_return in_time;
    }
    void take_down(const std::vector<model::challenge>& what) override
    {
        std::lock_guard hold(guard_);
        for (const auto& each : what) shown_.erase(model::id_of(each));
    }

    std::optional<model::challenge> find(const std::string& id) const
    {
        std::lock_guard hold(guard_);
        auto found = shown_.find(id);
        return found == shown_.end() ? std::nullopt : std::optional(found->second);
    }
    std::size_t size() const
    {
        std::lock_guard hold(guard_);
        return shown_.size();
    }
    int shows() const
    {
        std::lock_guard hold(guard_);
        return shows_;
    }

    bool in_time = true;  ///< what show() says

private:
    mutable std::mutex guard_;
    std::map<std::string, model::challenge> shown_;
    int shows_ = 0;
};

inline std::string path_of(const std::string& request)
{
    auto start = request.find(' ') + 1;
    return request.substr(start, request.find(' ', start) - start);
}

/// What an edge says to `request`: the authorization of a token that is on the board, else 404.
inline std::string answer_to(const notice_board& board, const std::string& request, const std::string& tail = "")
{
    constexpr std::string_view folder = "/.well-known/acme-challenge/";
    auto path = path_of(request);
    auto known = path.starts_with(folder) ? board.find("http-01 " + path.substr(folder.size())) : std::nullopt;
    auto body = known ? known->key_authorization + tail : "";
    return "HTTP/1.1 " + std::string(known ? "200 OK" : "404 Not Found") +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

inline void answer_tokens(const notice_board& board, test::peer& client, const std::string& tail = "")
{
    while (auto request = client.next_request()) client.send(answer_to(board, *request, tail));
}

/// OpenSSL's server: shows the board's certificates to who asks for their names, else one of its own, and answers
/// requests for tokens.
class tls_server {
public:
    /// `alpn`: whether it knows acme-tls/1.
    enum class alpn { known, refused, ignored };

    explicit tls_server(notice_board& board, alpn how = alpn::known) : board_(board), alpn_(how)
    {
        SSL_CTX_set_cert_cb(context_.get(), show, this);
        SSL_CTX_set_alpn_select_cb(context_.get(), choose, this);
    }

    void serve(test::peer& client)
    {
        tls::ssl_ptr session(SSL_new(context_.get()));
        SSL_set_fd(session.get(), client.socket());
        if (SSL_accept(session.get()) != 1) return;
        std::string request(4096, '\0');
        auto count = SSL_read(session.get(), request.data(), static_cast<int>(request.size()));
        if (count <= 0) return;
        auto answer = answer_to(board_, request);
        SSL_write(session.get(), answer.data(), static_cast<int>(answer.size()));
        SSL_shutdown(session.get());
    }

    /// What SNI said last.
    std::string last_name() const
    {
        std::lock_guard hold(guard_);
        return last_name_;
    }

private:
    static int show(SSL* session, void* own)
    {
        auto& self = *static_cast<tls_server*>(own);
        const auto* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
        std::string asked = name != nullptr ? name : "";
        {
            std::lock_guard hold(self.guard_);
            self.last_name_ = asked;
        }
        auto known = self.board_.find("tls-alpn-01 " + asked);
        if (!known) return SSL_use_cert_and_key(session, self.own_.certificate.get(), self.own_.key.get(), nullptr, 1);
        auto pair = tls::parse_pair(known->chain_pem, known->key_pem).value();
        return SSL_use_cert_and_key(session, pair.leaf.get(), pair.key.get(), nullptr, 1);
    }

    static int choose(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                      unsigned offered_length, void* own)
    {
        static const std::string mine =
            "\x0A"
            "acme-tls/1";
        auto how = static_cast<tls_server*>(own)->alpn_;
        if (std::string_view(reinterpret_cast<const char*>(offered), offered_length) != mine)
            return SSL_TLSEXT_ERR_NOACK;
        if (how == alpn::refused) return SSL_TLSEXT_ERR_ALERT_FATAL;
        if (how == alpn::ignored) return SSL_TLSEXT_ERR_NOACK;
        *out = offered + 1;
        *length = offered[0];
        return SSL_TLSEXT_ERR_OK;
    }

    notice_board& board_;
    alpn alpn_;
    tls::made_certificate own_ = tls::make_certificate({.names = "DNS:somebody.else"});
    tls::context_ptr context_{SSL_CTX_new(TLS_server_method())};
    mutable std::mutex guard_;
    std::string last_name_;
};

/// A port of 127.0.0.1 that refuses everybody, and nobody else gets.
class closed_port {
public:
    closed_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof where;
        auto* raw = reinterpret_cast<sockaddr*>(&where);
        if (::bind(socket_.get(), raw, length) != 0 || ::getsockname(socket_.get(), raw, &length) != 0)
            throw std::runtime_error("no port");
        number_ = ntohs(where.sin_port);
    }
    std::uint16_t number() const { return number_; }

private:
    unique_fd socket_;
    std::uint16_t number_ = 0;
};

}  // namespace lintel::acme
