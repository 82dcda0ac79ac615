#include "tls/server.hpp"

#include "net/error.hpp"
#include "tls/certificate_finder.hpp"
#include "tls/handshake.hpp"
#include "tls/pem.hpp"
#include "tls/stream.hpp"

#include <openssl/err.h>
#include <algorithm>

namespace lintel::tls {

namespace {

/// The subject of the certificate that the client has proven to own, as RFC 2253 writes it: printable ASCII.
std::string verified_subject(SSL* session)
{
    auto* client = SSL_get0_peer_certificate(session);
    if (client == nullptr || SSL_get_verify_result(session) != X509_V_OK) return "";
    bio_ptr out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_subject_name(client), 0, XN_FLAG_RFC2253);
    char* text = nullptr;
    auto length = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(length)};
}

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "lintel.tls"; }
    std::string message(int value) const override
    {
        switch (static_cast<errc>(value)) {
            case errc::handshake_failed: return "the TLS handshake failed";
            case errc::protocol_error: return "TLS protocol error";
            case errc::too_many_handshakes: return "too many TLS handshakes at once";
        }
        return "unknown";
    }
};

}  // namespace

error_code make_error_code(errc what)
{
    static const category instance;
    return {static_cast<int>(what), instance};
}

struct server::inside {
    explicit inside(const store_cell& cell) : published(cell) {}

    ssl_ptr new_session(handshake& of)
    {
        ssl_ptr session(SSL_new(published.get()->options.initial()->context()));
        if (!session) return session;
        SSL_set_accept_state(session.get());
        SSL_set_app_data(session.get(), &of);
        return session;
    }

    /// As often as the handshake is suspended, the finder decides how long.
    task<result<void>> shake_hands(stream& with, handshake& which, time_point end)
    {
        for (;;) {
            auto how = co_await with.shake_hands();
            if (!how) co_return how.error();
            if (*how == stream::progress::done) co_return result<void>{};
            co_await finder->found(which.server_name, end);
        }
    }

    store_cell::reader published;
    ticket_keys tickets;
    certificate_finder* finder = nullptr;
    std::size_t under_way = 0, most = 0;
};

bool server::covers(std::string_view server_name, std::string_view host) const
{
    return inside_->published.get()->certificates.covers(server_name, host);
}

bool server::has_certificate_for(std::string_view server_name) const
{
    return inside_->published.get()->certificates.find(server_name) != nullptr;
}

bool server::answers_challenge(std::span<const std::string> protocols, std::string_view server_name) const
{
    const auto& challenges = inside_->published.get()->challenges;
    return challenges.find(server_name) != nullptr &&
           std::ranges::find(protocols, challenge_protocol) != protocols.end();
}

bool server::still_demands(const net::stream::security& agreed) const
{
    const auto& options = inside_->published.get()->options.for_name(agreed.server_name);
    return !options->closed() && options->client_terms() == agreed.client_terms;
}

server::server(const store_cell& published) : inside_(std::make_unique<inside>(published)) {}
server::~server() = default;

void server::use_ticket_keys(std::span<const ticket_key> newest_first) { inside_->tickets.use(newest_first); }
void server::look_up_with(certificate_finder& finder) { inside_->finder = &finder; }
void server::limit_handshakes(std::size_t most) { inside_->most = most; }
std::size_t server::handshakes() const { return inside_->under_way; }

task<result<std::unique_ptr<net::stream>>> server::accept(std::unique_ptr<net::stream> client, duration limit,
                                                          std::string* why)
{
    auto& self = *inside_;
    if (self.most != 0 && self.under_way >= self.most) co_return errc::too_many_handshakes;
    struct counted {
        std::size_t& count;
        ~counted() { --count; }
    } one{++self.under_way};

    handshake ours{self.published, self.tickets, self.finder};
    auto session = self.new_session(ours);
    if (!session) co_return errc::handshake_failed;
    auto encrypted = std::make_unique<stream>(std::move(session), std::move(client));
    auto end = steady_clock::now() + limit;
    encrypted->expires_at(net::direction::read, end);
    encrypted->expires_at(net::direction::write, end);
    auto shaken = co_await self.shake_hands(*encrypted, ours, end);
    SSL_set_app_data(encrypted->session(), nullptr);
    if (!shaken) {
        auto reason = last_openssl_error();
        if (why != nullptr) *why = ours.why.empty() ? std::move(reason) : std::move(ours.why);
        co_return shaken.error();
    }
    encrypted->expires_at(net::direction::read, time_point::max());
    encrypted->expires_at(net::direction::write, time_point::max());
    encrypted->secure_as({.encrypted = true,
                          .server_name = std::move(ours.server_name),
                          .tls_options = ours.options->id(),
                          .client_subject = verified_subject(encrypted->session()),
                          .client_terms = ours.options->client_terms(),
                          .protocol = encrypted->agreed_protocol(),
                          .resumed = SSL_session_reused(encrypted->session()) == 1});
    SSL_certs_clear(encrypted->session());  // an idle connection keeps what it needs
    co_return std::move(encrypted);
}

}  // namespace lintel::tls
