// TLS-ALPN-01 (RFC 8737): who asks for a challenge gets its certificate, whatever the host has; nobody else does.

#include "tls/challenge_certificates.hpp"
#include "tests/tls/handshakes.hpp"
#include "tests/tls/made_certificates.hpp"
#include "tls/option_set.hpp"

namespace lintel::tls {
namespace {

const std::string acme_only =
    "\x0a"
    "acme-tls/1";
const std::string acme_among_others =
    "\x08http/1.1\x0a"
    "acme-tls/1\x02h2";

class Challenges : public Handshakes {
protected:
    static model::challenge made(const std::string& name)
    {
        auto pair = make_certificate({.subject = "challenge of " + name, .names = "DNS:" + name});
        model::challenge one;
        one.kind = model::challenge_kind::tls_alpn_01;
        one.name = name;
        one.chain_pem = pair.chain_pem();
        one.key_pem = pair.key_pem();
        return one;
    }

    void show(const model::challenge& one)
    {
        all[model::id_of(one)] = one;
        publish();
    }

    void publish()
    {
        auto now = cell.load();
        cell.publish(std::make_shared<store>(now->certificates, policies(sets, hosts, now->options),
                                             challenge_certificates(all, now->challenges)));
    }

    /// The certificate's subject, or the alert.
    std::string answer_to(const char* name, const std::string& protocols)
    {
        client.offer(protocols);
        last = handshake(name);
        if (last && connected) return client.certificate_name();
        switch (client.alert()) {
            case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: return "no_application_protocol";
            case SSL_R_TLSV1_UNRECOGNIZED_NAME: return "unrecognized_name";
            default: return "alert " + std::to_string(client.alert());
        }
    }

    model::objects<model::challenge> all;
    model::objects<model::tls_options> sets;
    policies::hosts hosts;
    accepted last = error_code();
};

TEST_F(Challenges, AreShownToThoseWhoAskForThem)
{
    show(made("a.example"));
    for (const auto& offered : {acme_only, acme_among_others}) {
        EXPECT_EQ(answer_to("a.example", offered), "challenge of a.example");
        EXPECT_EQ(client.protocol(), challenge_protocol);
        EXPECT_EQ((*last)->secured().protocol, challenge_protocol);
    }
    EXPECT_EQ(answer_to("A.Example.", acme_only), "challenge of a.example");
    EXPECT_EQ(answer_to("a.example", ""), "a.example");
    EXPECT_EQ(answer_to("a.example", "\x08http/1.1"), "a.example");
}

TEST_F(Challenges, OfOtherNamesAreNotShown)
{
    EXPECT_EQ(answer_to("a.example", acme_only), "no_application_protocol");
    EXPECT_FALSE(front.answers_challenge(std::vector<std::string>{"acme-tls/1"}, "a.example"));
    show(made("a.example"));
    EXPECT_EQ(answer_to("b.example", acme_only), "no_application_protocol");
    EXPECT_EQ(answer_to("b.example", acme_among_others), "b.example");
    EXPECT_EQ(client.protocol(), "h2");
    EXPECT_EQ(answer_to("other.example", acme_only), "unrecognized_name");
    EXPECT_EQ(answer_to(nullptr, acme_only), "unrecognized_name");
    EXPECT_EQ(answer_to("sub.a.example", acme_only), "unrecognized_name");
    EXPECT_TRUE(front.answers_challenge(std::vector<std::string>{"http/1.1", "acme-tls/1"}, "a.example"));
    EXPECT_FALSE(front.answers_challenge(std::vector<std::string>{"http/1.1"}, "a.example"));
    EXPECT_FALSE(front.answers_challenge(std::vector<std::string>{"acme-tls/1"}, "b.example"));
    all.clear();
    publish();
    EXPECT_EQ(answer_to("a.example", acme_only), "no_application_protocol") << "it was taken down";
}

TEST_F(Challenges, NeedNoCertificateOfTheirHost)
{
    show(made("new.example"));
    show(made("1.2.0.192.in-addr.arpa"));
    EXPECT_EQ(answer_to("new.example", acme_only), "challenge of new.example");
    EXPECT_EQ(answer_to("1.2.0.192.in-addr.arpa", acme_only), "challenge of 1.2.0.192.in-addr.arpa");
    EXPECT_EQ(answer_to("new.example", "\x08http/1.1"), "unrecognized_name");
}

TEST_F(Challenges, AreShownWhateverIsDemandedOfTheHostsClients)
{
    show(made("a.example"));
    model::tls_options demanding;
    demanding.clients = model::client_auth::require;
    demanding.client_ca_pem = make_certificate({.subject = "clients", .authority = true}).chain_pem();
    demanding.lowest = model::tls_version::tls_1_3;
    demanding.strict_names = true;
    sets["demanding"] = demanding;
    sets["closed"].client_ca_pem = "nonsense";
    sets["closed"].clients = model::client_auth::require;
    for (std::string set : {"demanding", "closed", "missing"}) {
        for (bool is_initial : {false, true}) {
            SCOPED_TRACE(set);
            if (is_initial && sets.contains(set)) sets["default"] = sets[set];
            hosts = {{"a.example", set}};
            publish();
            for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
                SSL_CTX_set_max_proto_version(client.settings(), version);
                EXPECT_EQ(answer_to("a.example", acme_only), "challenge of a.example") << version;
                EXPECT_EQ(SSL_version(client.session()), version);
                EXPECT_NE(answer_to("a.example", ""), "a.example") << "other clients are asked";
            }
            sets.erase("default");
        }
    }
}

TEST_F(Challenges, AreShownAfterAHelloRetryRequestToo)
{
    show(made("a.example"));
    SSL_CTX_set1_groups_list(client.settings(), "P-521:P-256");
    EXPECT_EQ(answer_to("a.example", acme_only), "challenge of a.example");
    EXPECT_EQ(SSL_version(client.session()), TLS1_3_VERSION);
}

TEST_F(Challenges, NeverResumeASession)
{
    show(made("a.example"));
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        SSL_CTX_set_max_proto_version(client.settings(), version);
        ASSERT_EQ(answer_to("a.example", acme_only), "challenge of a.example");
        (*last)->close();
        char one = 0;
        EXPECT_EQ(SSL_read(client.session(), &one, 1), 0) << "reads tickets, where there are any";
        EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(client.session())), 0);
        using session_ptr = std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>>;
        session_ptr kept(SSL_SESSION_dup(SSL_get0_session(client.session())));
        client.resume(kept.get());
        EXPECT_EQ(answer_to("a.example", acme_only), "challenge of a.example");
        EXPECT_EQ(SSL_session_reused(client.session()), 0);
        client.resume(nullptr);
        client.forget();
    }
}

TEST_F(Challenges, ThatAreBrokenCostTheirOwnHandshakesOnly)
{
    auto broken = made("a.example");
    broken.key_pem = "nonsense";
    show(broken);
    EXPECT_NE(answer_to("a.example", acme_only), "challenge of a.example");
    EXPECT_EQ(why, "no usable certificate for a.example");
    EXPECT_EQ(answer_to("a.example", ""), "a.example");
    show(made("a.example"));
    EXPECT_EQ(answer_to("a.example", acme_only), "challenge of a.example") << "replaced under the same id";
}

TEST_F(Challenges, ThatStayAreNotParsedAgain)
{
    show(made("a.example"));
    const auto first = cell.load()->challenges.find("a.example")->front().certificate;
    show(made("b.example"));
    auto now = cell.load();
    EXPECT_EQ(now->challenges.find("a.example")->front().certificate, first);
    EXPECT_NE(now->challenges.find("b.example"), nullptr);
    model::challenge other;
    other.name = "c.example";
    other.token = "token";
    show(other);
    EXPECT_EQ(cell.load()->challenges.find("c.example"), nullptr) << "of the other kind";
}

}  // namespace
}  // namespace lintel::tls
