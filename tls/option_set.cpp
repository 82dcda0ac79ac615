#include "tls/option_set.hpp"

#include "base/crypto.hpp"
#include "tls/handshake.hpp"
#include "tls/option_names.hpp"
#include "tls/pem.hpp"

#include <stdexcept>

namespace lintel::tls {

namespace {

int number_of(model::tls_version version)
{
    return version == model::tls_version::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

int verify_mode(model::client_auth demanded)
{
    switch (demanded) {
        case model::client_auth::none: return SSL_VERIFY_NONE;
        case model::client_auth::verify_if_given: return SSL_VERIFY_PEER;
        case model::client_auth::require: break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

/// Whoever is issued by one of them is let in; clients are told their names.
std::optional<problem> trust_clients_of(SSL_CTX* context, std::string_view ca_pem)
{
    auto authorities = parse_certificates(ca_pem);
    if (!authorities) return problem{"clientAuth", "the CA of the clients: " + authorities.error().what};
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);  // for sessions begun with it
    for (const auto& each : *authorities) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get());
        SSL_CTX_add_client_CA(context, each.get());
    }
    return {};
}

context_ptr plain_context()
{
    context_ptr made(SSL_CTX_new(TLS_server_method()));
    if (!made) throw std::runtime_error("no TLS context: " + last_openssl_error());
    auto* raw = made.get();
    // Of suites that are equally good the client's order counts where it prefers ChaCha20: it has no AES in hardware.
    constexpr auto order = SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
    SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | order);
    SSL_CTX_set_mode(raw, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // tickets are stateless
    SSL_CTX_set_max_early_data(raw, 0);                       // it could be replayed (RFC 8446 §8)
    SSL_CTX_set_read_ahead(raw, 1);
    install_callbacks(raw);
    return made;
}

/// All that a session is worth only under the same of.
std::string digest_of(const model::tls_options& spec)
{
    std::string all;
    auto add = [&](std::string_view part) { all.append(std::to_string(part.size())).append(":").append(part); };
    for (const auto* list : {&spec.cipher_suites, &spec.curves, &spec.protocols}) {
        for (const auto& each : *list) add(each);
        all += ';';
    }
    add(spec.client_ca_pem);
    all += std::to_string(number_of(spec.lowest)) + std::to_string(number_of(spec.highest)) +
           std::to_string(verify_mode(spec.clients)) + (spec.strict_names ? "strict" : "");
    return crypto::sha256_hex(all);
}

}  // namespace

option_set::option_set(std::string id, model::tls_options spec) : id_(std::move(id)), spec_(std::move(spec))
{
    auto compiled = compile();
    if (!compiled) why_closed_ = compiled.error().what;
    if (compiled) context_ = std::move(*compiled);
}

checked<context_ptr> option_set::compile()
{
    auto fail = [](std::string what) { return std::unexpected(problem{"", std::move(what)}); };
    auto made = plain_context();
    if (spec_.lowest > spec_.highest) return fail("the lowest version of TLS is above the highest");
    SSL_CTX_set_min_proto_version(made.get(), number_of(spec_.lowest));
    SSL_CTX_set_max_proto_version(made.get(), number_of(spec_.highest));
    auto ciphers = cipher_list(spec_.cipher_suites);
    if (!ciphers) return std::unexpected(ciphers.error());
    if (SSL_CTX_set_cipher_list(made.get(), ciphers->c_str()) != 1)
        return fail("OpenSSL takes none of the suites: " + last_openssl_error());
    auto groups = set_groups(made.get(), spec_.curves);
    if (!groups) return std::unexpected(groups.error());
    if (spec_.clients != model::client_auth::none) {
        if (auto wrong = trust_clients_of(made.get(), spec_.client_ca_pem)) return std::unexpected(*wrong);
    }
    SSL_CTX_set_verify(made.get(), verify_mode(spec_.clients), nullptr);
    if (spec_.clients != model::client_auth::none)
        client_terms_ = std::hash<std::string>{}(std::to_string(verify_mode(spec_.clients)) + spec_.client_ca_pem);
    groups_ = std::move(*groups);
    digest_ = digest_of(spec_);
    return made;
}

std::shared_ptr<const option_set> option_set::missing(std::string id)
{
    std::shared_ptr<option_set> made(new option_set);
    made->id_ = std::move(id);
    made->why_closed_ = "the TLS options are not defined";
    return made;
}

void option_set::apply_to(SSL* session, std::string_view server_name) const
{
    if (SSL_get_SSL_CTX(session) != context()) {
        SSL_set_SSL_CTX(session, context());  // suites, certificates' callback, authorities; the rest is the session's
        SSL_set_min_proto_version(session, number_of(spec_.lowest));
        SSL_set_max_proto_version(session, number_of(spec_.highest));
        SSL_set1_groups_list(session, groups_.c_str());
        SSL_set_verify(session, verify_mode(spec_.clients), nullptr);
        if (spec_.clients != model::client_auth::none)  // each CA is trusted, intermediate ones too
            X509_VERIFY_PARAM_set_flags(SSL_get0_param(session), X509_V_FLAG_PARTIAL_CHAIN);
    }
    auto scope = crypto::from_hex(crypto::sha256_hex(digest_ + std::string(server_name)));
    SSL_set_session_id_context(session, reinterpret_cast<const unsigned char*>(scope.data()),
                               static_cast<unsigned>(scope.size()));
}

std::string_view option_set::choose_protocol(std::string_view offered) const
{
    static const std::vector<std::string> ours{"h2", "http/1.1"};
    for (const auto& each : spec_.protocols.empty() ? ours : spec_.protocols) {
        for (std::size_t at = 0; at < offered.size();) {
            auto length = static_cast<unsigned char>(offered[at]);
            if (offered.substr(at + 1, length) == each) return offered.substr(at + 1, length);
            at += 1U + length;
        }
    }
    return {};
}

}  // namespace lintel::tls
