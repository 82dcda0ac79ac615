#include "tls/server.hpp"

#include "base/text.hpp"
#include "net/error.hpp"
#include "tls/pem.hpp"
#include "tls/served_certificate.hpp"
#include "tls/stream.hpp"

#include <openssl/err.h>

#include <stdexcept>

namespace lintel::tls {

namespace {

/// Mozilla's intermediate profile for TLS 1.2; TLS 1.3 has its own three.
constexpr const char* tls12_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-"
    "SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

served_certificate* chosen_for(SSL* session)
{
    auto* reader = static_cast<store_cell::reader*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
    const auto* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return nullptr;
    auto host = text::lower(name);
    if (host.ends_with('.')) host.pop_back();
    return reader->get()->find(host);
}

int check_name(SSL* session, int* alert, void*)
{
    if (chosen_for(session) != nullptr) return SSL_TLSEXT_ERR_OK;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int install_certificate(SSL* session, void*)
{
    auto* chosen = chosen_for(session);
    const auto* pair = chosen != nullptr ? chosen->parsed() : nullptr;
    if (pair == nullptr) return 0;
    return SSL_use_cert_and_key(session, pair->leaf.get(), pair->key.get(), pair->intermediates.get(), 1);
}

int select_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void*)
{
    static constexpr unsigned char ours[] = "\x08http/1.1";
    auto** out = const_cast<unsigned char**>(chosen);
    auto agreed = SSL_select_next_proto(out, length, ours, sizeof ours - 1, offered, offered_length);
    return agreed == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "lintel.tls"; }
    std::string message(int value) const override
    {
        return value == static_cast<int>(errc::handshake_failed) ? "the TLS handshake failed" : "TLS protocol error";
    }
};

}  // namespace

error_code make_error_code(errc what)
{
    static const category instance;
    return {static_cast<int>(what), instance};
}

struct server::context {
    explicit context(const store_cell& certificates) : reader(certificates), native(SSL_CTX_new(TLS_server_method()))
    {
        if (!native) throw std::runtime_error("no TLS context: " + last_openssl_error());
        auto* raw = native.get();
        SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
        SSL_CTX_set_cipher_list(raw, tls12_ciphers);
        SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_mode(
            raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets are stateless
        SSL_CTX_set_session_id_context(raw, reinterpret_cast<const unsigned char*>("lintel"), 6);
        SSL_CTX_set_read_ahead(raw, 1);
        SSL_CTX_set_app_data(raw, &reader);
        SSL_CTX_set_tlsext_servername_callback(raw, check_name);
        SSL_CTX_set_cert_cb(raw, install_certificate, nullptr);
        SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
    }

    store_cell::reader reader;
    context_ptr native;
};

server::server(const store_cell& certificates) : context_(std::make_unique<context>(certificates)) {}
server::~server() = default;

void server::use_ticket_key(const ticket_key& key)
{
    auto bytes = key;  // OpenSSL's signature takes it as not const
    SSL_CTX_set_tlsext_ticket_keys(context_->native.get(), bytes.data(), static_cast<long>(bytes.size()));
}

task<result<std::unique_ptr<net::stream>>> server::accept(std::unique_ptr<net::stream> client, duration limit,
                                                          std::string* why)
{
    ssl_ptr session(SSL_new(context_->native.get()));
    if (!session) co_return errc::handshake_failed;
    SSL_set_accept_state(session.get());
    auto encrypted = std::make_unique<stream>(std::move(session), std::move(client));
    auto end = steady_clock::now() + limit;
    encrypted->expires_at(net::direction::read, end);
    encrypted->expires_at(net::direction::write, end);
    auto shaken = co_await encrypted->shake_hands();
    if (!shaken) {
        if (why != nullptr) *why = last_openssl_error();
        co_return shaken.error();
    }
    encrypted->expires_at(net::direction::read, time_point::max());
    encrypted->expires_at(net::direction::write, time_point::max());
    co_return std::move(encrypted);
}

}  // namespace lintel::tls
