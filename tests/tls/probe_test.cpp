#include "tls/probe.hpp"

#include "tests/tls/handshakes.hpp"
#include "tls/certificate.hpp"
#include "tls/pem.hpp"

namespace lintel::tls {
namespace {

/// A look at OpenSSL's own server, on a thread of its own.
class TlsProbe : public testing::Test {
protected:
    static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

    TlsProbe()
    {
        test::temporary_folder folder;
        auto made = local_ca::open(folder.path()).value().issue("a.example");
        fingerprint = inspect_certificate(made.chain_pem).value().fingerprint;
        auto pair = parse_pair(made.chain_pem, made.key_pem).value();
        SSL_CTX_use_cert_and_key(context.get(), pair.leaf.get(), pair.key.get(), nullptr, 1);
        SSL_CTX_set_alpn_select_cb(context.get(), choose, this);
    }

    static int choose(SSL*, const unsigned char** out, unsigned char* length, const unsigned char* offered,
                      unsigned offered_length, void* self)
    {
        const auto& known = static_cast<TlsProbe*>(self)->known_protocol;
        if (known.empty()) return SSL_TLSEXT_ERR_NOACK;
        auto* mine = reinterpret_cast<const unsigned char*>(known.data());
        auto found = SSL_select_next_proto(const_cast<unsigned char**>(out), length, mine,
                                           static_cast<unsigned>(known.size()), offered, offered_length);
        return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    }

    result<shown_certificate> look(duration limit = 5s)
    {
        auto [ours, far] = test::socket_pair();
        std::thread server([&, socket = far.get()] { serve(socket); });
        auto out =
            test::outcome_of(loop, look_at_certificate(net::make_stream(loop, std::move(ours), test::nowhere()).value(),
                                                       "a.example", "acme-tls/1", limit, &why));
        server.join();
        return out;
    }

    void serve(int socket)
    {
        if (mute) {
            char some[4096];
            while (::recv(socket, some, sizeof some, 0) > 0) {
            }
            return;
        }
        ssl_ptr session(SSL_new(context.get()));
        SSL_set_fd(session.get(), socket);
        if (SSL_accept(session.get()) != 1) return;
        asked_for = SSL_get_servername(session.get(), TLSEXT_NAMETYPE_host_name);
        char one;
        farewell = SSL_get_error(session.get(), SSL_read(session.get(), &one, 1)) == SSL_ERROR_ZERO_RETURN;
    }

    net::worker loop;
    context_ptr context{SSL_CTX_new(TLS_server_method())};
    std::string known_protocol =
        "\x0A"
        "acme-tls/1";
    std::string fingerprint, asked_for, why;
    bool mute = false, farewell = false;
};

TEST_F(TlsProbe, SeesTheCertificateAndTheProtocolAndSaysGoodbye)
{
    for (int newest : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(context.get(), newest);
        auto seen = look();
        ASSERT_TRUE(seen) << why;
        EXPECT_EQ(seen->fingerprint, fingerprint);
        EXPECT_EQ(seen->protocol, "acme-tls/1");
        EXPECT_EQ(asked_for, "a.example");
        EXPECT_TRUE(farewell);
    }
}

TEST_F(TlsProbe, SeesThatTheProtocolWasNotChosen)
{
    known_protocol = "";
    auto seen = look();
    ASSERT_TRUE(seen) << why;
    EXPECT_EQ(seen->protocol, "");
}

TEST_F(TlsProbe, SaysWhyAHandshakeFailed)
{
    known_protocol = "\2h2";
    auto seen = look();
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error(), errc::handshake_failed);
    EXPECT_TRUE(why.contains("no application protocol")) << why;
}

TEST_F(TlsProbe, IsBoundedInTime)
{
    mute = true;
    auto seen = look(100ms);
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error(), net::errc::timed_out);
}

}  // namespace
}  // namespace lintel::tls
