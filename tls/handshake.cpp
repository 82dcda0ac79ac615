#include "tls/handshake.hpp"

#include "base/text.hpp"
#include "tls/certificate_finder.hpp"
#include "tls/served_certificate.hpp"
#include "tls/server_name.hpp"

#include <openssl/err.h>
#include <algorithm>

namespace lintel::tls {

namespace {

handshake& handshake_of(SSL* session) { return *static_cast<handshake*>(SSL_get_app_data(session)); }

std::string sent_name(SSL* session)
{
    const unsigned char* body = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_server_name, &body, &size) != 1) return "";
    return read_server_name({reinterpret_cast<const char*>(body), size});
}

const certificate_store::candidates* certificates_by_name(const handshake& of)
{
    return of.server_name.empty() ? nullptr : of.chosen_from->certificates.find(of.server_name);
}

/// For names that have none; null: nothing is shown to them.
const certificate_store::candidates* certificates_for_others(const handshake& of)
{
    if (of.options->spec().strict_names) return nullptr;
    const auto& certificates = of.chosen_from->certificates;
    const auto* found = certificates.by_default();
    return found == nullptr && of.server_name.empty() ? certificates.by_address() : found;
}

bool offers(SSL* session, const option_set& terms)
{
    const unsigned char* body = nullptr;
    std::size_t size = 0;
    constexpr auto extension = TLSEXT_TYPE_application_layer_protocol_negotiation;
    constexpr std::size_t length_bytes = 2;
    if (SSL_client_hello_get0_ext(session, extension, &body, &size) != 1 || size < length_bytes) return false;
    std::string_view list(reinterpret_cast<const char*>(body), size);
    return !terms.choose_protocol(list.substr(length_bytes)).empty();
}

/// Whether the client asks for a challenge of ours (RFC 8737 §3): then nothing else of what its host has counts. Such a
/// session is for one handshake.
bool take_challenge(SSL* session, handshake& ours)
{
    const auto& challenges = ours.chosen_from->challenges;
    if (challenges.empty() || !offers(session, *challenges.terms())) return false;
    const auto* found = challenges.find(ours.server_name);
    if (found == nullptr) return false;
    ours.options = challenges.terms().get();
    ours.candidates = found;
    ours.was_pending = false;
    SSL_set_options(session, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(session, 0);
    ours.options->apply_to(session, ours.server_name);
    return true;
}

int refuse(handshake& which, int* alert, int with, std::string why)
{
    which.why = std::move(why);
    *alert = with;
    return SSL_CLIENT_HELLO_ERROR;
}

/// Decides by the name: how TLS is spoken, and with which certificate. Called again after a suspension, and for the
/// second ClientHello after a HelloRetryRequest, which must repeat the name (RFC 8446 §4.1.2).
int hear_client(SSL* session, int* alert, void*)
{
    auto& ours = handshake_of(session);
    auto name = sent_name(session);
    bool again = ours.options != nullptr && !ours.was_pending;
    if (again && name != ours.server_name) return refuse(ours, alert, SSL_AD_ILLEGAL_PARAMETER, "the name changed");
    ours.server_name = std::move(name);
    ours.chosen_from = ours.published.get();
    if (take_challenge(session, ours)) return SSL_CLIENT_HELLO_SUCCESS;
    ours.options = ours.chosen_from->options.for_name(ours.server_name).get();
    if (ours.options->closed()) return refuse(ours, alert, SSL_AD_HANDSHAKE_FAILURE, ours.options->why_closed());

    ours.candidates = certificates_by_name(ours);
    if (ours.candidates == nullptr) {
        bool pending = ours.finder != nullptr && !ours.was_pending && !ours.server_name.empty() &&
                       ours.finder->is_pending(ours.server_name);
        ours.was_pending = ours.was_pending || pending;
        if (pending) return SSL_CLIENT_HELLO_RETRY;
        ours.candidates = certificates_for_others(ours);
    }
    if (ours.candidates == nullptr) {
        auto named = ours.server_name.empty() ? "a client that names none" : text::printable(ours.server_name);
        return refuse(ours, alert, SSL_AD_UNRECOGNIZED_NAME, "no certificate for " + named);
    }
    ours.was_pending = false;
    ours.options->apply_to(session, ours.server_name);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/// Of each kind of key the first; OpenSSL takes the one that the client's signature algorithms allow. Fallbacks only
/// where there is nothing else. Not called where a session resumes.
int install_certificates(SSL* session, void*)
{
    auto& ours = handshake_of(session);
    std::vector<int> kinds;
    bool own = false;
    for (const auto& each : *ours.candidates) {
        if (each.fallback && own) break;
        const auto* pair = each.certificate->parsed();
        if (pair == nullptr) continue;
        auto kind = EVP_PKEY_get_base_id(pair->key.get());
        if (std::ranges::find(kinds, kind) != kinds.end()) continue;
        if (SSL_use_cert_and_key(session, pair->leaf.get(), pair->key.get(), pair->intermediates.get(), 1) != 1) {
            ERR_clear_error();  // what stays in the queue fails the next call
            continue;
        }
        kinds.push_back(kind);
        own = !each.fallback;
    }
    if (kinds.empty()) ours.why = "no usable certificate for " + text::printable(ours.server_name);
    return kinds.empty() ? 0 : 1;
}

int select_protocol(SSL* session, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void*)
{
    auto protocol =
        handshake_of(session).options->choose_protocol({reinterpret_cast<const char*>(offered), offered_length});
    if (protocol.empty()) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = reinterpret_cast<const unsigned char*>(protocol.data());
    *length = static_cast<unsigned char>(protocol.size());
    return SSL_TLSEXT_ERR_OK;
}

int use_ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                   int sealing)
{
    const auto& keys = handshake_of(session).tickets;
    return sealing == 1 ? keys.seal(name, iv, cipher, mac) : keys.open(name, iv, cipher, mac);
}

/// A client's certificate may have expired since the session was made.
SSL_TICKET_RETURN take_ticket(SSL* session, SSL_SESSION* resumed, const unsigned char*, std::size_t,
                              SSL_TICKET_STATUS status, void*)
{
    switch (status) {
        case SSL_TICKET_EMPTY:
        case SSL_TICKET_NO_DECRYPT: return SSL_TICKET_RETURN_IGNORE_RENEW;
        case SSL_TICKET_SUCCESS:
        case SSL_TICKET_SUCCESS_RENEW: break;
        default: return SSL_TICKET_RETURN_ABORT;
    }
    auto* client = SSL_SESSION_get0_peer(resumed);
    if (client != nullptr && X509_cmp_current_time(X509_get0_notAfter(client)) <= 0)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    // A client of TLS 1.3 uses a ticket once (RFC 8446 §C.4): it gets another.
    bool renew = status == SSL_TICKET_SUCCESS_RENEW || SSL_version(session) == TLS1_3_VERSION;
    return renew ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_USE;
}

}  // namespace

void install_callbacks(SSL_CTX* context)
{
    SSL_CTX_set_client_hello_cb(context, hear_client, nullptr);
    SSL_CTX_set_cert_cb(context, install_certificates, nullptr);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key);
    SSL_CTX_set_session_ticket_cb(context, nullptr, take_ticket, nullptr);
}

}  // namespace lintel::tls
