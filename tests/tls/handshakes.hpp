#pragma once
// Handshakes between a server of ours and OpenSSL's own client.

#include "net/error.hpp"
#include "net/task_group.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/socket_pair.hpp"
#include "tests/support/tiny_server.hpp"
#include "tests/tls/watched_stream.hpp"
#include "tls/local_ca.hpp"
#include "tls/openssl_ptr.hpp"
#include "tls/server.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <csignal>
#include <thread>

namespace lintel::tls {

using namespace std::chrono_literals;

/// OpenSSL's own client on a blocking socket.
class tls_client {
public:
    tls_client() : context_(SSL_CTX_new(TLS_client_method())) {}

    SSL_CTX* settings() { return context_.get(); }
    void offer(std::string protocols) { protocols_ = std::move(protocols); }
    void resume(SSL_SESSION* known) { known_ = known; }
    void forget() { session_.reset(); }

    /// True when the handshake succeeds; `name` null: no SNI.
    bool shake_hands(int socket, const char* name)
    {
        session_.reset(SSL_new(context_.get()));
        if (name != nullptr) SSL_set_tlsext_host_name(session_.get(), name);
        if (!protocols_.empty()) {
            SSL_set_alpn_protos(session_.get(), reinterpret_cast<const unsigned char*>(protocols_.data()),
                                static_cast<unsigned>(protocols_.size()));
        }
        if (known_ != nullptr) SSL_set_session(session_.get(), known_);
        SSL_set_fd(session_.get(), socket);
        ERR_clear_error();
        bool good = SSL_connect(session_.get()) == 1;
        alert_ = good ? 0 : ERR_GET_REASON(ERR_peek_last_error());
        return good;
    }

    SSL* session() { return session_.get(); }
    int alert() const { return alert_; }

    std::string certificate_name()
    {
        x509_ptr leaf(SSL_get1_peer_certificate(session_.get()));
        char name[256] = "";
        if (leaf) X509_NAME_get_text_by_NID(X509_get_subject_name(leaf.get()), NID_commonName, name, sizeof name);
        return name;
    }

    std::string protocol()
    {
        const unsigned char* text = nullptr;
        unsigned length = 0;
        SSL_get0_alpn_selected(session_.get(), &text, &length);
        return {reinterpret_cast<const char*>(text), length};
    }

    bool write(std::string_view bytes)
    {
        return SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
               static_cast<int>(bytes.size());
    }

    /// Exactly `count` bytes, less at an end.
    std::string read(std::size_t count)
    {
        std::string all;
        char some[20'000];
        while (all.size() < count) {
            auto got = SSL_read(session_.get(), some, static_cast<int>(std::min(sizeof some, count - all.size())));
            if (got <= 0) break;
            all.append(some, static_cast<std::size_t>(got));
        }
        return all;
    }

    /// True when the next thing from the server is an orderly end (close_notify).
    bool reads_orderly_end()
    {
        char one;
        return SSL_get_error(session_.get(), SSL_read(session_.get(), &one, 1)) == SSL_ERROR_ZERO_RETURN;
    }

private:
    context_ptr context_;
    ssl_ptr session_;
    std::string protocols_;
    SSL_SESSION* known_ = nullptr;
    int alert_ = 0;
};

/// Two hosts and a wildcard, each with a certificate of one local CA.
inline std::shared_ptr<const store> made_store()
{
    test::temporary_folder folder;
    auto ca = local_ca::open(folder.path()).value();
    model::objects<model::certificate> all;
    for (std::string host : {"a.example", "b.example", "*.wild.example"}) {
        auto made = ca.issue(host);
        all[host] = {
            .names = {host}, .chain_pem = made.chain_pem, .key_pem = made.key_pem, .chain_file = "", .key_file = ""};
    }
    all["broken"] = {
        .names = {"broken.example"}, .chain_pem = "nonsense", .key_pem = "nonsense", .chain_file = "", .key_file = ""};
    return std::make_shared<const store>(certificate_store(all, {}));
}

class Handshakes : public testing::Test {
protected:
    static void SetUpTestSuite()
    {
        std::signal(SIGPIPE, SIG_IGN);  // the client of OpenSSL writes without MSG_NOSIGNAL
        published = new std::shared_ptr(made_store());
    }
    static void TearDownTestSuite() { delete published; }

    using accepted = result<std::unique_ptr<net::stream>>;

    /// A handshake between `client` (on a thread of its own) and the server; what the server got of it.
    accepted handshake(const char* name, duration limit = 5s)
    {
        auto [ours, far] = test::socket_pair();
        far_end = std::make_unique<test::far_side>(std::move(far));
        std::thread other([&] { connected = client.shake_hands(far_end->get(), name); });
        std::unique_ptr<net::stream> lower =
            std::make_unique<watched_stream>(net::make_stream(loop, std::move(ours), test::nowhere()).value(), notes);
        auto out = test::outcome_of(loop, front.accept(std::move(lower), limit, &why));
        if (!out) far_end->shutdown_write();
        other.join();
        return out;
    }

    static inline std::shared_ptr<const store>* published = nullptr;
    store_cell cell{*published};
    net::worker loop;
    server front{cell};
    tls_client client;
    std::unique_ptr<test::far_side> far_end;
    stream_notes notes;  ///< of the stream below the server's
    bool connected = false;
    std::string why;
};

}  // namespace lintel::tls
