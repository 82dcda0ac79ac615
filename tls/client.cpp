#include "tls/client.hpp"

#include "net/error.hpp"
#include "tls/pem.hpp"
#include "tls/server.hpp"
#include "tls/server_name.hpp"
#include "tls/session_book.hpp"
#include "tls/stream.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace lintel::tls {

namespace {

/// Where the sessions of one connection go. Lives as long as the connection, which may outlive its client.
struct shelf {
    std::shared_ptr<session_book> book;
    std::string endpoint;
};

int keep_session(SSL* session, SSL_SESSION* fresh)
{
    auto* where = static_cast<shelf*>(SSL_get_app_data(session));
    if (where == nullptr) return 0;
    where->book->keep(where->endpoint, session_ptr(fresh));
    return 1;
}

std::optional<problem> trust(SSL_CTX* context, const model::transport& how)
{
    if (how.ca_pem.empty()) {
        SSL_CTX_set_default_verify_paths(context);
        return {};
    }
    auto authorities = parse_certificates(how.ca_pem);
    if (!authorities) return problem{how.source, "the CA of the upstream: " + authorities.error().what};
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    for (const auto& each : *authorities) X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get());
    return {};
}

std::optional<problem> identify(SSL_CTX* context, const model::transport& how)
{
    if (how.chain_pem.empty()) return {};
    auto own = parse_pair(how.chain_pem, how.key_pem);
    if (!own) return problem{how.source, "our certificate for the upstream: " + own.error().what};
    auto* chain = own->intermediates.get();
    if (SSL_CTX_use_cert_and_key(context, own->leaf.get(), own->key.get(), chain, 1) == 1) return {};
    return problem{how.source, "our certificate for the upstream: " + last_openssl_error()};
}

checked<context_ptr> compile(const model::transport& how)
{
    context_ptr made(SSL_CTX_new(TLS_client_method()));
    if (!made) return std::unexpected(problem{how.source, "no TLS context: " + last_openssl_error()});
    auto* raw = made.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(raw, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(raw, 1);
    SSL_CTX_set_verify(raw, how.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, keep_session);
    if (auto wrong = how.verify ? trust(raw, how) : std::nullopt) return std::unexpected(*wrong);
    if (auto wrong = identify(raw, how)) return std::unexpected(*wrong);
    return made;
}

/// As ALPN has them on the wire (RFC 7301 §3.1).
std::string wire_form(const std::vector<std::string>& protocols)
{
    std::string all;
    for (const auto& each : protocols) {
        all += static_cast<char>(each.size());
        all += each;
    }
    return all;
}

/// Whom we expect: a name (SNI too), or an address, which a certificate has to name as one.
bool expect(SSL* session, const std::string& sent)
{
    auto name = normal_server_name(sent);
    auto* rules = SSL_get0_param(session);
    if (name.empty()) return X509_VERIFY_PARAM_set1_ip_asc(rules, sent.c_str()) == 1;
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set_tlsext_host_name(session, name.c_str()) == 1 && SSL_set1_host(session, name.c_str()) == 1;
}

std::string reason_of(SSL* session)
{
    auto verdict = SSL_get_verify_result(session);
    auto said = last_openssl_error();
    if (SSL_get_verify_mode(session) == SSL_VERIFY_PEER && verdict != X509_V_OK)
        return std::string("the upstream's certificate: ") + X509_verify_cert_error_string(verdict);
    return "TLS with the upstream: " + said;
}

}  // namespace

std::optional<problem> problem_with(const model::transport& how)
{
    auto compiled = compile(how);
    return compiled ? std::nullopt : std::optional(compiled.error());
}

struct client::inside {
    checked<ssl_ptr> new_session(const std::string& host)
    {
        if (!context) {
            auto compiled = compile(how);
            if (!compiled) return std::unexpected(compiled.error());
            context = std::move(*compiled);
        }
        ssl_ptr session(SSL_new(context.get()));
        bool ready = session != nullptr && expect(session.get(), how.server_name.empty() ? host : how.server_name);
        if (!ready) return std::unexpected(problem{how.source, "no TLS session: " + last_openssl_error()});
        SSL_set_connect_state(session.get());
        SSL_set_alpn_protos(session.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                            static_cast<unsigned>(offered.size()));
        return session;
    }

    model::transport how;
    std::string offered;  ///< ALPN, as on the wire
    context_ptr context;
    std::shared_ptr<session_book> sessions = std::make_shared<session_book>();
};

client::client(model::transport how, std::vector<std::string> protocols)
    : inside_(std::make_unique<inside>(std::move(how), wire_form(protocols)))
{
}
client::~client() = default;

task<result<std::unique_ptr<net::stream>>> client::connect(std::unique_ptr<net::stream> connected, std::string endpoint,
                                                           std::string host, duration limit, std::string* why)
{
    auto say = [why](std::string what) {
        if (why != nullptr) *why = std::move(what);
    };
    auto session = inside_->new_session(host);
    if (!session) {
        say(session.error().what);
        co_return errc::handshake_failed;
    }
    auto place = std::make_shared<shelf>(inside_->sessions, std::move(endpoint));
    SSL_set_app_data(session->get(), place.get());
    if (auto known = place->book->take(place->endpoint)) SSL_set_session(session->get(), known.get());

    auto encrypted = std::make_unique<stream>(std::move(*session), std::move(connected));
    auto end = steady_clock::now() + limit;
    encrypted->expires_at(net::direction::read, end);
    encrypted->expires_at(net::direction::write, end);
    auto shaken = co_await encrypted->shake_hands();
    if (!shaken) {
        say(shaken.error() == errc::handshake_failed ? reason_of(encrypted->session())
                                                     : "TLS with the upstream: " + shaken.error().message());
        SSL_set_app_data(encrypted->session(), nullptr);
        co_return shaken.error();
    }
    encrypted->expires_at(net::direction::read, time_point::max());
    encrypted->expires_at(net::direction::write, time_point::max());
    encrypted->secure_as({.encrypted = true,
                          .server_name = {},
                          .tls_options = {},
                          .client_subject = {},
                          .protocol = encrypted->agreed_protocol(),
                          .resumed = SSL_session_reused(encrypted->session()) == 1},
                         std::move(place));
    co_return std::move(encrypted);
}

}  // namespace lintel::tls
