// What peers do wrong, or on purpose. Nothing here may crash, leak, or harm anybody else.

#include "tests/tls/handshakes.hpp"

namespace lintel::tls {
namespace {

using namespace std::string_literals;

class Robustness : public Handshakes {
protected:
    void SetUp() override
    {
        bystander_ = std::make_unique<tls_client>();
        std::swap(*bystander_, client);
        bystander_stream_ = handshake("b.example").value();
        std::swap(*bystander_, client);
        bystander_end_ = std::move(far_end);
    }

    /// Somebody who was connected all along still is.
    void TearDown() override
    {
        std::string_view hi = "hi";
        EXPECT_TRUE(bystander_stream_->try_write({&hi, 1}));
        std::swap(*bystander_, client);
        EXPECT_EQ(client.read(2), "hi");
        std::swap(*bystander_, client);
        EXPECT_EQ(front.handshakes(), 0U);
    }

    /// What the server makes of these bytes, which are all that ever comes.
    error_code answer_to(std::string_view bytes)
    {
        auto [ours, far] = test::socket_pair();
        far.send(bytes);
        far.shutdown_write();
        auto lower = net::make_stream(loop, std::move(ours), test::nowhere()).value();
        auto out = test::outcome_of(loop, front.accept(std::move(lower), 5s, &why));
        return out ? error_code() : out.error();
    }

    /// The next read of the server's, once something is there.
    static task<result<std::size_t>> read(net::stream& from)
    {
        std::array<std::byte, 100> some;
        co_return co_await from.read_some(some);
    }

    error_code error_after(net::stream& stream, std::string_view raw)
    {
        far_end->send(raw);
        auto got = test::outcome_of(loop, read(stream));
        EXPECT_FALSE(stream.try_read({})) << "a fatal state is final";
        std::string_view more = "x";
        EXPECT_FALSE(stream.try_write({&more, 1}));
        return got ? error_code() : got.error();
    }

private:
    std::unique_ptr<tls_client> bystander_;
    std::unique_ptr<net::stream> bystander_stream_;
    std::unique_ptr<test::far_side> bystander_end_;
};

/// A client that sends byte by byte, or not all.
class scripted_client {
public:
    explicit scripted_client(const test::far_side& to, int version = TLS1_3_VERSION)
        : to_(to.get()), context_(SSL_CTX_new(TLS_client_method()))
    {
        SSL_CTX_set_max_proto_version(context_.get(), version);
        session_.reset(SSL_new(context_.get()));
        SSL_set_tlsext_host_name(session_.get(), "a.example");
        in_ = BIO_new(BIO_s_mem());
        out_ = BIO_new(BIO_s_mem());
        SSL_set_bio(session_.get(), in_, out_);
    }

    /// Sends no more than `most` bytes, `step` at a time, then ends. True when all was sent.
    bool run(std::size_t most, std::size_t step)
    {
        for (;;) {
            auto done = SSL_connect(session_.get()) == 1;
            char* data = nullptr;
            auto size = static_cast<std::size_t>(BIO_get_mem_data(out_, &data));
            for (std::string_view left(data, size); !left.empty(); left.remove_prefix(std::min(step, left.size()))) {
                auto part = left.substr(0, std::min(step, most - sent));
                sent += static_cast<std::size_t>(::send(to_, part.data(), part.size(), MSG_NOSIGNAL));
                if (sent == most) {
                    ::shutdown(to_, SHUT_WR);
                    return false;
                }
            }
            (void)BIO_reset(out_);
            if (done) return true;
            char some[8192];
            auto count = ::recv(to_, some, sizeof some, 0);
            if (count <= 0) return false;
            BIO_write(in_, some, static_cast<int>(count));
        }
    }

    std::size_t sent = 0;

private:
    int to_;
    context_ptr context_;
    ssl_ptr session_;
    BIO *in_ = nullptr, *out_ = nullptr;
};

TEST_F(Robustness, HandshakesCutAtEveryByte)
{
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        std::size_t whole = SIZE_MAX;
        for (std::size_t most = SIZE_MAX; most != 0; most = most == SIZE_MAX ? whole - 1 : most - 1) {
            auto [ours, far] = test::socket_pair();
            scripted_client peer(far, version);
            bool all = false;
            std::thread other([&] { all = peer.run(most, SIZE_MAX); });
            auto lower = net::make_stream(loop, std::move(ours), test::nowhere()).value();
            auto out = test::outcome_of(loop, front.accept(std::move(lower), 5s));
            if (!out) far.shutdown_write();
            other.join();
            if (most == SIZE_MAX) {
                ASSERT_TRUE(out && all);
                whole = peer.sent;
                continue;
            }
            ASSERT_FALSE(out) << most << " of " << whole;
            ASSERT_EQ(out.error(), net::errc::end_of_stream) << most;
        }
    }
}

TEST_F(Robustness, HandshakesThatDrip)
{
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto [ours, far] = test::socket_pair();
        scripted_client peer(far, version);
        bool all = false;
        std::thread other([&] { all = peer.run(SIZE_MAX, 1); });
        auto lower = net::make_stream(loop, std::move(ours), test::nowhere()).value();
        EXPECT_TRUE(test::outcome_of(loop, front.accept(std::move(lower), 5s)));
        other.join();
        EXPECT_TRUE(all);
    }
}

TEST_F(Robustness, GarbageBeforeTheClientHello)
{
    for (const auto& bytes :
         {"\n"s, "\x16\x03\x01\x40\x01"s + std::string(16'385, 'x'), "\x15\x03\x01\0\2\2\x28"s,
          "\x17\x03\x03\0\5hello"s, "\x14\x03\x03\0\1\1"s, std::string(100, '\0'), "\x16\x03\x01\0\0"s,
          "\x80\x2e\1\3\1"s + std::string(44, 'x'), "PRI * HTTP/2.0\r\n\r\n"s}) {
        auto error = answer_to(bytes);
        EXPECT_TRUE(error == errc::handshake_failed || error == net::errc::end_of_stream)
            << testing::PrintToString(bytes) << error.message();
    }
}

TEST_F(Robustness, RecordsThatAreTooLongOrBroken)
{
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_CTX_set_max_proto_version(client.settings(), version);
        struct row {
            std::string raw;
            int alert;
        };
        for (const auto& [raw, alert] :
             {row{"\x17\x03\x03\x48\x01"s + std::string(0x4801, 'x'), SSL_R_TLSV1_ALERT_RECORD_OVERFLOW},
              row{"\x17\x03\x03\0\x40"s + std::string(64, 'x'), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC},
              row{"GET / HTTP/1.1\r\n\r\n", 0}, row{"\x15\x03\x03\0\2\2\x28"s, 0}}) {
            auto stream = handshake("a.example");
            ASSERT_TRUE(stream);
            EXPECT_TRUE(error_after(**stream, raw)) << testing::PrintToString(raw.substr(0, 10));
            (*stream)->close();
            if (alert == 0) continue;
            ERR_clear_error();
            client.read(1);
            EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), alert) << "it is told why";
        }
    }
}

TEST_F(Robustness, KeyUpdateFloods)
{
    auto stream = handshake("a.example");
    ASSERT_TRUE(stream);
    auto update = [&] {
        SSL_key_update(client.session(), SSL_KEY_UPDATE_REQUESTED);
        return SSL_do_handshake(client.session()) == 1;
    };
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 30; ++i) ASSERT_TRUE(update());
        client.write("x");
        ASSERT_EQ(test::outcome_of(loop, read(**stream)).value(), 1U) << "between data they are fine";
        std::string_view y = "y";
        ASSERT_TRUE((*stream)->try_write({&y, 1}));
        ASSERT_EQ(client.read(1), "y") << "and answered";
    }
    for (int i = 0; i < 60 && update(); ++i) {
    }
    EXPECT_FALSE(test::outcome_of(loop, read(**stream)));
}

TEST_F(Robustness, Renegotiation)
{
    SSL_CTX_set_max_proto_version(client.settings(), TLS1_2_VERSION);
    auto stream = handshake("a.example");
    ASSERT_TRUE(stream);
    std::thread other([&] {
        EXPECT_EQ(SSL_renegotiate(client.session()), 1);
        EXPECT_LE(SSL_do_handshake(client.session()), 0) << "refused";
        far_end->shutdown_write();
    });
    EXPECT_FALSE(test::outcome_of(loop, read(**stream)));
    (*stream)->close();
    other.join();
}

TEST_F(Robustness, HandshakesAboveTheLimit)
{
    front.limit_handshakes(1);
    auto [ours, far] = test::socket_pair();
    auto slow = net::make_stream(loop, std::move(ours), test::nowhere()).value();
    auto* first = slow.get();
    net::task_group waiting(loop);
    waiting.spawn("slow", [](server& at, std::unique_ptr<net::stream> peer) -> task<void> {
        EXPECT_FALSE(co_await at.accept(std::move(peer), 5s));
    }(front, std::move(slow)));
    EXPECT_EQ(front.handshakes(), 1U);
    EXPECT_EQ(answer_to(""), errc::too_many_handshakes) << "the newest goes first";
    first->close();
    loop.complete(waiting.join());
    EXPECT_EQ(front.handshakes(), 0U);
    EXPECT_TRUE(handshake("a.example"));
}

}  // namespace
}  // namespace lintel::tls
