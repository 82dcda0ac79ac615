#include "tls/probe.hpp"

#include "base/crypto.hpp"
#include "tls/pem.hpp"
#include "tls/server.hpp"
#include "tls/stream.hpp"

#include <openssl/err.h>

namespace lintel::tls {

namespace {

/// Null when OpenSSL takes neither the name nor the protocol.
ssl_ptr new_session(const std::string& server_name, const std::string& protocol)
{
    context_ptr context(SSL_CTX_new(TLS_client_method()));
    if (!context) return {};
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);  // RFC 8737 §3
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    ssl_ptr session(SSL_new(context.get()));
    if (!session || SSL_set_tlsext_host_name(session.get(), server_name.c_str()) != 1) return {};
    auto offered = static_cast<char>(protocol.size()) + protocol;  // RFC 7301 §3.1
    auto refused = SSL_set_alpn_protos(session.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                                       static_cast<unsigned>(offered.size()));
    if (refused != 0) return {};
    SSL_set_connect_state(session.get());
    return session;
}

std::string fingerprint_of_peer(SSL* session)
{
    x509_ptr leaf(SSL_get1_peer_certificate(session));
    if (!leaf) return "";
    unsigned char* der = nullptr;
    auto length = i2d_X509(leaf.get(), &der);
    if (length <= 0) return "";
    auto out = crypto::sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)});
    OPENSSL_free(der);
    return out;
}

}  // namespace

task<result<shown_certificate>> look_at_certificate(std::unique_ptr<net::stream> connected, std::string server_name,
                                                    std::string protocol, duration limit, std::string* why)
{
    auto session = new_session(server_name, protocol);
    if (!session) {
        auto said = last_openssl_error();
        if (why != nullptr) *why = said;
        co_return errc::handshake_failed;
    }
    stream encrypted(std::move(session), std::move(connected));
    auto end = steady_clock::now() + limit;
    encrypted.expires_at(net::direction::read, end);
    encrypted.expires_at(net::direction::write, end);
    auto shaken = co_await encrypted.shake_hands();
    if (!shaken) {
        auto said = last_openssl_error();
        if (why != nullptr) *why = said;
        co_return shaken.error();
    }
    shown_certificate seen{fingerprint_of_peer(encrypted.session()), encrypted.agreed_protocol()};
    encrypted.shutdown_write();
    encrypted.close(net::stream::manner::orderly);
    co_return seen;
}

}  // namespace lintel::tls
