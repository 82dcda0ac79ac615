#include "tls/client.hpp"

#include "tests/tls/handshakes.hpp"
#include "tests/tls/made_certificates.hpp"

namespace lintel::tls {
namespace {

/// Our client against our server, both on one loop.
class TlsClient : public testing::Test {
protected:
    void serve(wish what, model::tls_options demands = {})
    {
        auto made = make_certificate(what, &ca);
        certificate_store::certificates all{{"one",
                                             {.names = {"up.example"},
                                              .chain_pem = made.chain_pem(),
                                              .key_pem = made.key_pem(),
                                              .chain_file = "",
                                              .key_file = "",
                                              .is_default = true}}};
        auto now = cell.load();
        cell.publish(std::make_shared<store>(certificate_store(all, now->certificates),
                                             policies({{"default", std::move(demands)}}, {}, now->options)));
    }

    static model::transport trusting(const made_certificate& authority)
    {
        model::transport how;
        how.ca_pem = authority.chain_pem();
        return how;
    }

    using connected = result<std::unique_ptr<net::stream>>;

    task<void> accept(std::unique_ptr<net::stream> lower)
    {
        auto got = co_await front.accept(std::move(lower), 5s);
        if (got) upstream = std::move(*got);
        std::string_view hi = "hi";
        if (got) (void)co_await upstream->write_all(hi);
    }

    task<connected> both(client& over, std::string host, std::string endpoint)
    {
        auto [ours, far] = test::socket_pair();
        ::fcntl(far.get(), F_SETFL, O_NONBLOCK);
        auto theirs = net::make_stream(loop, unique_fd(::dup(far.get())), test::nowhere()).value();
        net::task_group upstream_side(loop);
        upstream_side.spawn("upstream", accept(std::move(theirs)));
        auto out = co_await over.connect(net::make_stream(loop, std::move(ours), test::nowhere()).value(),
                                         std::move(endpoint), std::move(host), 5s, &why);
        far.close();
        if (out) {
            std::array<std::byte, 10> some;
            auto got = co_await (*out)->read_some(some);
            if (!got) out = got.error();
        }
        co_await upstream_side.join();
        co_return out;
    }

    connected connect(client& over, std::string host = "up.example", std::string endpoint = "e")
    {
        why.clear();
        upstream.reset();
        return test::outcome_of(loop, both(over, std::move(host), std::move(endpoint)));
    }

    std::string refusal(const model::transport& how, std::string host = "up.example")
    {
        client over(how);
        return connect(over, std::move(host)) ? "" : why;
    }

    net::worker loop;
    made_certificate ca = make_certificate({.subject = "upstreams", .authority = true});
    store_cell cell{std::make_shared<store>()};
    server front{cell};
    std::unique_ptr<net::stream> upstream;
    std::string why;
};

TEST_F(TlsClient, VerifiesWhomItSpeaksTo)
{
    serve({.names = "DNS:up.example,IP:127.0.0.1,IP:::1"});
    auto how = trusting(ca);
    EXPECT_EQ(refusal(how), "");
    EXPECT_EQ(upstream->secured().server_name, "up.example");
    EXPECT_EQ(refusal(how, "127.0.0.1"), "");
    EXPECT_EQ(upstream->secured().server_name, "") << "addresses are not sent as SNI";
    EXPECT_EQ(refusal(how, "::1"), "");
    EXPECT_EQ(refusal(how, "127.0.0.2"), "the upstream's certificate: IP address mismatch");
    EXPECT_EQ(refusal(how, "other.example"), "the upstream's certificate: hostname mismatch");
    EXPECT_EQ(refusal({}), "the upstream's certificate: unable to get local issuer certificate");
    EXPECT_EQ(refusal(trusting(make_certificate({.subject = "others", .authority = true}))),
              "the upstream's certificate: unable to get local issuer certificate");
    how.server_name = "up.example";
    EXPECT_EQ(refusal(how, "192.0.2.7"), "");
    serve({.names = "DNS:up.example", .days = -1});
    EXPECT_EQ(refusal(how), "the upstream's certificate: certificate has expired");
    how.verify = false;
    EXPECT_EQ(refusal(how, "anything"), "") << "asked not to look";
}

TEST_F(TlsClient, ShowsItsOwnCertificate)
{
    auto clients = make_certificate({.subject = "clients", .authority = true});
    model::tls_options demands;
    demands.clients = model::client_auth::require;
    demands.client_ca_pem = clients.chain_pem();
    serve({.names = "DNS:up.example"}, demands);
    auto how = trusting(ca);
    EXPECT_NE(refusal(how), "-");
    EXPECT_EQ(upstream, nullptr);
    auto own = make_certificate({.subject = "lintel"}, &clients);
    how.chain_pem = own.chain_pem();
    how.key_pem = own.key_pem();
    EXPECT_EQ(refusal(how), "");
    ASSERT_NE(upstream, nullptr);
    EXPECT_EQ(upstream->secured().client_subject, "CN=lintel");
}

TEST_F(TlsClient, ResumesForTheSameEndpointOnly)
{
    serve({.names = "DNS:up.example"});
    client over(trusting(ca), {"http/1.1"});
    auto resumed = [&](std::string endpoint) {
        auto out = connect(over, "up.example", std::move(endpoint));
        EXPECT_TRUE(out) << why;
        EXPECT_EQ((*out)->secured().protocol, "http/1.1");
        return (*out)->secured().resumed;
    };
    EXPECT_FALSE(resumed("one"));
    EXPECT_TRUE(resumed("one"));
    EXPECT_TRUE(resumed("one"));
    EXPECT_FALSE(resumed("two"));
}

TEST_F(TlsClient, SendsNothingOverABrokenTransport)
{
    EXPECT_FALSE(problem_with(trusting(ca)));
    EXPECT_FALSE(problem_with(model::transport{}));
    auto how = trusting(ca);
    how.chain_pem = how.ca_pem;
    ASSERT_TRUE(problem_with(how));
    EXPECT_TRUE(problem_with(how)->what.starts_with("our certificate for the upstream: no private key"));
    how.chain_pem.clear();
    how.ca_pem = "nonsense";
    ASSERT_TRUE(problem_with(how));
    EXPECT_EQ(refusal(how), "the CA of the upstream: no certificate in PEM form");
}

TEST_F(TlsClient, KnowsTicketsFromData)
{
    serve({.names = "DNS:up.example"});
    client over(trusting(ca));
    auto out = connect(over);
    ASSERT_TRUE(out);
    EXPECT_FALSE((*out)->readable_now());
    std::string_view more = "more";
    ASSERT_TRUE(upstream->try_write({&more, 1}));
    EXPECT_TRUE((*out)->readable_now());
    upstream->close();
    EXPECT_TRUE((*out)->readable_now());
}

}  // namespace
}  // namespace lintel::tls
