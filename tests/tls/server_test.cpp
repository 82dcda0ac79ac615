#include "tls/server.hpp"

#include "tests/tls/handshakes.hpp"
#include "tls/certificate.hpp"

namespace lintel::tls {
namespace {

using TlsServer = Handshakes;

TEST_F(TlsServer, ChoosesTheCertificateByName)
{
    struct row {
        const char *name, *certificate;
    };
    for (auto [name, certificate] : {row{"a.example", "a.example"}, row{"B.Example", "b.example"},
                                     row{"x.wild.example", "*.wild.example"}, row{"a.example.", "a.example"}}) {
        SCOPED_TRACE(name);
        auto stream = handshake(name);
        ASSERT_TRUE(stream) << why;
        ASSERT_TRUE(connected);
        EXPECT_EQ(client.certificate_name(), certificate);
        EXPECT_TRUE((*stream)->secured().encrypted);
        EXPECT_EQ(SSL_version(client.session()), TLS1_3_VERSION);
    }
}

TEST_F(TlsServer, RefusesNamesThatItDoesNotHave)
{
    for (const char* name : {"other.example", "x.y.wild.example", "wild.example", static_cast<const char*>(nullptr)}) {
        SCOPED_TRACE(name != nullptr ? name : "no name");
        auto stream = handshake(name);
        ASSERT_FALSE(stream);
        EXPECT_EQ(stream.error(), errc::handshake_failed);
        EXPECT_FALSE(connected);
        EXPECT_EQ(client.alert(), SSL_R_TLSV1_UNRECOGNIZED_NAME);
        EXPECT_FALSE(why.empty());
    }
}

TEST_F(TlsServer, FailsOnlyTheHandshakeOfABrokenCertificate)
{
    EXPECT_FALSE(handshake("broken.example"));
    EXPECT_TRUE(handshake("a.example"));
}

TEST_F(TlsServer, SpeaksTls12And13Only)
{
    SSL_CTX_set_max_proto_version(client.settings(), TLS1_2_VERSION);
    ASSERT_TRUE(handshake("a.example"));
    EXPECT_EQ(SSL_version(client.session()), TLS1_2_VERSION);

    SSL_CTX_set_security_level(client.settings(), 0);
    SSL_CTX_set_min_proto_version(client.settings(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client.settings(), TLS1_1_VERSION);
    EXPECT_FALSE(handshake("a.example"));
    EXPECT_FALSE(connected);
}

TEST_F(TlsServer, AgreesOnHttp2OrHttp11OrRefuses)
{
    client.offer("\x08http/1.1\x02h2");
    ASSERT_TRUE(handshake("a.example"));
    EXPECT_EQ(client.protocol(), "h2") << "ours comes first";
    client.offer("\x08http/1.1");
    ASSERT_TRUE(handshake("a.example"));
    EXPECT_EQ(client.protocol(), "http/1.1");
    client.offer("");
    ASSERT_TRUE(handshake("a.example"));
    EXPECT_EQ(client.protocol(), "");
    client.offer("\x02h3");
    EXPECT_FALSE(handshake("a.example"));
    EXPECT_EQ(client.alert(), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL);
}

TEST_F(TlsServer, RefusesWhatIsNotTls)
{
    auto [ours, far] = test::socket_pair();
    far.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    auto out =
        test::outcome_of(loop, front.accept(net::make_stream(loop, std::move(ours), test::nowhere()).value(), 5s));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error(), errc::handshake_failed);
}

TEST_F(TlsServer, TellsAClientThatLeaves)
{
    auto [ours, far] = test::socket_pair();
    far.shutdown_write();
    auto out =
        test::outcome_of(loop, front.accept(net::make_stream(loop, std::move(ours), test::nowhere()).value(), 5s));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error(), net::errc::end_of_stream);
}

TEST_F(TlsServer, LosesPatienceWithASilentClient)
{
    auto [ours, far] = test::socket_pair();
    auto out =
        test::outcome_of(loop, front.accept(net::make_stream(loop, std::move(ours), test::nowhere()).value(), 50ms));
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error(), net::errc::timed_out);
}

std::string mebibyte()
{
    std::string text;
    for (int i = 0; text.size() < 1 << 20; ++i) text += std::to_string(i);
    text.resize(1 << 20);
    return text;
}

task<result<void>> echo(net::stream& over, std::size_t count)
{
    std::array<std::byte, 50'000> some;
    while (count > 0) {
        auto got = co_await over.read_some(some);
        if (!got) co_return got.error();
        std::string_view bytes(reinterpret_cast<const char*>(some.data()), *got);
        std::array<std::string_view, 3> pieces{bytes.substr(0, 3), bytes.substr(std::min<std::size_t>(3, bytes.size())),
                                               ""};
        if (auto sent = co_await over.write_all(pieces); !sent) co_return sent;
        count -= *got;
    }
    co_return result<void>{};
}

TEST_F(TlsServer, CarriesBytesBothWays)
{
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_min_proto_version(client.settings(), version);
        SSL_CTX_set_max_proto_version(client.settings(), version);
        auto stream = handshake("a.example");
        ASSERT_TRUE(stream);
        auto sent = mebibyte();
        std::string back;
        // One thread for each direction needs two SSL objects; one thread takes turns.
        std::thread other([&] {
            for (std::size_t at = 0; at < sent.size(); at += 10'000) {
                auto piece = std::string_view(sent).substr(at, 10'000);
                if (!client.write(piece)) break;
                back += client.read(piece.size());
            }
        });
        EXPECT_TRUE(test::outcome_of(loop, echo(**stream, sent.size())));
        other.join();
        EXPECT_TRUE(back == sent);
    }
}

task<result<void>> write_and_close(net::stream& over, std::string_view bytes, net::stream::manner how)
{
    auto sent = co_await over.write_all(bytes);
    if (how == net::stream::manner::orderly) co_await over.finish_writing();  // a record that needs room
    over.close(how);
    co_return sent;
}

TEST_F(TlsServer, SendsAMebibyteAndAnOrderlyEnd)
{
    auto stream = handshake("a.example");
    ASSERT_TRUE(stream);
    auto sent = mebibyte();
    std::string come;
    bool orderly = false;
    std::thread other([&] {
        come = client.read(sent.size());
        orderly = client.reads_orderly_end();
    });
    EXPECT_TRUE(test::outcome_of(loop, write_and_close(**stream, sent, net::stream::manner::orderly)));
    other.join();
    EXPECT_TRUE(come == sent);
    EXPECT_TRUE(orderly);
}

TEST_F(TlsServer, NeverMakesABrokenEndLookOrderly)
{
    auto stream = handshake("a.example");
    ASSERT_TRUE(stream);
    bool orderly = true;
    std::thread other([&] {
        EXPECT_EQ(client.read(5), "hello");
        orderly = client.reads_orderly_end();
    });
    EXPECT_TRUE(test::outcome_of(loop, write_and_close(**stream, "hello", net::stream::manner::abortive)));
    other.join();
    EXPECT_FALSE(orderly);
}

task<result<std::string>> read_text(net::stream& from)
{
    std::array<std::byte, 100> some;
    auto count = co_await from.read_some(some);
    if (!count) co_return count.error();
    co_return std::string(reinterpret_cast<const char*>(some.data()), *count);
}

TEST_F(TlsServer, TellsAnOrderlyEndFromACutOne)
{
    auto stream = handshake("a.example");
    ASSERT_TRUE(stream);
    client.write("bye");
    SSL_shutdown(client.session());
    EXPECT_EQ(test::outcome_of(loop, read_text(**stream)).value(), "bye");
    EXPECT_EQ(test::outcome_of(loop, read_text(**stream)).value(), "");

    auto cut = handshake("a.example");
    ASSERT_TRUE(cut);
    client.write("bye");
    far_end->shutdown_write();
    EXPECT_EQ(test::outcome_of(loop, read_text(**cut)).value(), "bye");
    EXPECT_FALSE(test::outcome_of(loop, read_text(**cut))) << "the end could be an attacker's";
}

TEST_F(TlsServer, LosesPatienceAfterTheHandshakeToo)
{
    auto stream = handshake("a.example");
    ASSERT_TRUE(stream);
    (*stream)->set_patience(net::direction::read, 50ms);
    EXPECT_EQ(test::outcome_of(loop, read_text(**stream)).error(), net::errc::timed_out);
}

SSL_SESSION* kept_session = nullptr;

TEST_F(TlsServer, ResumesAcrossServersThatShareATicketKey)
{
    ticket_key key(ticket_key_bytes, 'k');
    front.use_ticket_keys({&key, 1});
    SSL_CTX_set_session_cache_mode(client.settings(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client.settings(), [](SSL*, SSL_SESSION* fresh) {
        SSL_SESSION_free(kept_session);
        kept_session = fresh;
        return 1;
    });
    auto stream = handshake("a.example");
    ASSERT_TRUE(stream);
    std::thread other([&] { EXPECT_EQ(client.read(2), "hi"); });  // the tickets come before the first bytes
    EXPECT_TRUE(test::outcome_of(loop, write_and_close(**stream, "hi", net::stream::manner::orderly)));
    other.join();
    ASSERT_NE(kept_session, nullptr);
    EXPECT_FALSE(SSL_session_reused(client.session()));

    server stranger(cell);
    auto use = [&](server& which) {
        auto [ours, far] = test::socket_pair();
        std::thread shakes([&] { connected = client.shake_hands(far.get(), "a.example"); });
        auto lower = net::make_stream(loop, std::move(ours), test::nowhere()).value();
        auto out = test::outcome_of(loop, which.accept(std::move(lower), 5s));
        shakes.join();
        return out && SSL_session_reused(client.session()) == 1;
    };
    // Copies at once: OpenSSL marks a session that it uses as spent.
    using session_ptr = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;
    session_ptr one(SSL_SESSION_dup(kept_session)), another(SSL_SESSION_dup(kept_session));
    client.resume(one.get());
    EXPECT_FALSE(use(stranger)) << "another key";
    server successor(cell);
    successor.use_ticket_keys({&key, 1});
    client.resume(another.get());
    EXPECT_TRUE(use(successor));
    client.forget();
    SSL_SESSION_free(std::exchange(kept_session, nullptr));
}

TEST_F(TlsServer, TakesNewCertificatesAtTheNextHandshake)
{
    EXPECT_FALSE(handshake("new.example"));
    test::temporary_folder folder;
    auto made = local_ca::open(folder.path()).value().issue("new.example");
    model::objects<model::certificate> all;
    all["new"] = {.names = {"new.example"},
                  .chain_pem = made.chain_pem,
                  .key_pem = made.key_pem,
                  .chain_file = "",
                  .key_file = ""};
    cell.publish(std::make_shared<const store>(certificate_store(all, {})));
    EXPECT_TRUE(handshake("new.example")) << why;
    EXPECT_FALSE(handshake("a.example"));
}

}  // namespace
}  // namespace lintel::tls
