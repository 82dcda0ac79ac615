// The rows of docs/tls.md: what a client sends → what it gets. Each test is named after its row.

#include "tests/tls/handshakes.hpp"
#include "tests/tls/made_certificates.hpp"
#include "tls/certificate_finder.hpp"

namespace lintel::tls {
namespace {

/// Names that a certificate is on its way for.
class slow_finder final : public certificate_finder {
public:
    explicit slow_finder(net::worker& home) : arrived_(home) {}

    bool is_pending(std::string_view server_name) override { return server_name == "soon.example"; }
    task<void> found(std::string server_name, time_point end) override
    {
        asked.push_back(std::move(server_name));
        if (deliver) deliver();
        if (deliver) co_return;
        co_await arrived_.wait_until(end);
    }

    std::function<void()> deliver;
    std::vector<std::string> asked;

private:
    net::event arrived_;
};

class SniRows : public Handshakes {
protected:
    static certificate_store::certificates named(const std::string& name, bool is_default = false)
    {
        test::temporary_folder folder;
        auto made = local_ca::open(folder.path()).value().issue(name);
        return {{name,
                 {.names = {name},
                  .chain_pem = made.chain_pem,
                  .key_pem = made.key_pem,
                  .chain_file = "",
                  .key_file = "",
                  .is_default = is_default}}};
    }

    void add(const std::string& name, bool is_default = false, bool strict = false)
    {
        auto now = cell.load();
        model::objects<model::tls_options> sets;
        sets["default"].strict_names = strict;
        cell.publish(std::make_shared<store>(now->certificates.after(named(name, is_default), {}),
                                             policies(sets, {}, now->options)));
    }

    /// The certificate's name, or the alert.
    std::string answer_to(const char* name)
    {
        auto out = handshake(name);
        if (out) return client.certificate_name();
        return client.alert() == SSL_R_TLSV1_UNRECOGNIZED_NAME ? "unrecognized_name"
                                                               : "alert " + std::to_string(client.alert());
    }
};

TEST_F(SniRows, no_name)
{
    EXPECT_EQ(answer_to(nullptr), "unrecognized_name");
    add("fallback.example", true);
    EXPECT_EQ(answer_to(nullptr), "fallback.example");
    add("fallback.example", true, true);
    EXPECT_EQ(answer_to(nullptr), "unrecognized_name") << "strict names";
}

TEST_F(SniRows, no_name_but_an_address)
{
    add("192.0.2.1");
    EXPECT_EQ(answer_to(nullptr), "192.0.2.1");
    EXPECT_EQ(answer_to("other.example"), "unrecognized_name") << "who sends a name means a name";
    EXPECT_TRUE(front.covers("", "192.0.2.1"));
    EXPECT_FALSE(front.covers("", "a.example"));
    add("fallback.example", true);
    EXPECT_EQ(answer_to(nullptr), "fallback.example");
    add("192.0.2.1", false, true);
    EXPECT_EQ(answer_to(nullptr), "unrecognized_name") << "strict names";
}

TEST_F(SniRows, unknown_name)
{
    EXPECT_EQ(answer_to("other.example"), "unrecognized_name");
    add("fallback.example", true);
    EXPECT_EQ(answer_to("other.example"), "fallback.example");
    add("fallback.example", true, true);
    EXPECT_EQ(answer_to("other.example"), "unrecognized_name") << "strict names";
    EXPECT_EQ(answer_to("a.example"), "a.example");
}

TEST_F(SniRows, pending_certificate)
{
    slow_finder finder(loop);
    front.look_up_with(finder);
    finder.deliver = [&] { add("soon.example"); };
    EXPECT_EQ(answer_to("soon.example"), "soon.example");
    EXPECT_EQ(answer_to("soon.example"), "soon.example");
    EXPECT_EQ(finder.asked.size(), 1U);
    EXPECT_EQ(answer_to("never.example"), "unrecognized_name");
    EXPECT_EQ(finder.asked.size(), 1U);
}

TEST_F(SniRows, pending_certificate_that_does_not_come)
{
    slow_finder finder(loop);
    front.look_up_with(finder);
    auto out = handshake("soon.example", 50ms);
    ASSERT_FALSE(out);
    EXPECT_EQ(client.alert(), SSL_R_TLSV1_UNRECOGNIZED_NAME);
    EXPECT_EQ(why, "no certificate for soon.example");
    EXPECT_EQ(front.handshakes(), 0U);
}

TEST_F(SniRows, address)
{
    EXPECT_EQ(answer_to("192.0.2.1"), "unrecognized_name");
    add("fallback.example", true);
    EXPECT_EQ(answer_to("192.0.2.1"), "fallback.example") << "as without a name";
    auto out = handshake("192.0.2.1");
    ASSERT_TRUE(out);
    EXPECT_EQ((*out)->secured().server_name, "");
}

TEST_F(SniRows, trailing_dot)
{
    EXPECT_EQ(answer_to("a.example."), "a.example");
    EXPECT_EQ(answer_to("a.example.."), "unrecognized_name");
}

TEST_F(SniRows, upper_case)
{
    EXPECT_EQ(answer_to("A.Example"), "a.example");
    auto out = handshake("X.WILD.Example.");
    ASSERT_TRUE(out);
    EXPECT_EQ((*out)->secured().server_name, "x.wild.example");
}

TEST_F(SniRows, idn)
{
    add("xn--bcher-kva.example");
    EXPECT_EQ(answer_to("xn--bcher-kva.example"), "xn--bcher-kva.example");
    EXPECT_EQ(answer_to("b\xC3\xBC"
                        "cher.example"),
              "unrecognized_name")
        << "no name on the wire looks like this";
}

TEST_F(SniRows, wildcard)
{
    EXPECT_EQ(answer_to("x.wild.example"), "*.wild.example");
    EXPECT_EQ(answer_to("x.y.wild.example"), "unrecognized_name");
    EXPECT_EQ(answer_to("wild.example"), "unrecognized_name");
    add("x.wild.example");
    EXPECT_EQ(answer_to("x.wild.example"), "x.wild.example") << "exact first";
}

/// More of them: challenge_certificates_test.cpp.
TEST_F(SniRows, challenge)
{
    auto pair = make_certificate({.subject = "challenge", .names = "DNS:a.example"});
    model::objects<model::challenge> all;
    auto& spec = all["tls-alpn-01 a.example"];
    spec.kind = model::challenge_kind::tls_alpn_01;
    spec.name = "a.example";
    spec.chain_pem = pair.chain_pem();
    spec.key_pem = pair.key_pem();
    auto now = cell.load();
    cell.publish(std::make_shared<store>(now->certificates, now->options, challenge_certificates(all, {})));
    EXPECT_EQ(answer_to("a.example"), "a.example");
    client.offer(
        "\x0a"
        "acme-tls/1");
    EXPECT_EQ(answer_to("a.example"), "challenge");
    EXPECT_FALSE(handshake("b.example")) << "no challenge";
}

}  // namespace
}  // namespace lintel::tls
