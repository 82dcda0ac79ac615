// Option sets: what is demanded of whom, and that sessions don't get around it.

#include "tests/tls/handshakes.hpp"
#include "tests/tls/made_certificates.hpp"

namespace lintel::tls {
namespace {

using model::client_auth, model::tls_options, model::tls_version;

tls_options versions(tls_version lowest, tls_version highest)
{
    tls_options made;
    made.lowest = lowest;
    made.highest = highest;
    return made;
}

tls_options clients(client_auth demanded, std::string ca_pem)
{
    tls_options made;
    made.clients = demanded;
    made.client_ca_pem = std::move(ca_pem);
    return made;
}

tls_options suites(std::vector<std::string> names)
{
    tls_options made;
    made.cipher_suites = std::move(names);
    return made;
}

tls_options curves(std::vector<std::string> names)
{
    tls_options made;
    made.curves = std::move(names);
    return made;
}

tls_options strict()
{
    tls_options made;
    made.strict_names = true;
    return made;
}

class OptionSets : public Handshakes {
protected:
    void demand(const std::string& host, tls_options what)
    {
        auto now = cell.load();
        sets[host] = std::move(what);
        hosts[host] = host;
        cell.publish(std::make_shared<store>(now->certificates, policies(sets, hosts, now->options)));
    }

    std::string closed_because(const model::tls_options& what)
    {
        auto wrong = problem_with(what);
        return wrong ? wrong->what : "";
    }

    void use(const made_certificate& own)
    {
        SSL_CTX_use_certificate(client.settings(), own.certificate.get());
        SSL_CTX_use_PrivateKey(client.settings(), own.key.get());
    }

    /// In TLS 1.3 a client learns after its own handshake that it was refused: so the server's word counts.
    bool enters(const char* name)
    {
        last = handshake(name);
        return last && connected;
    }
    std::string subject() { return (*last)->secured().client_subject; }

    model::objects<model::tls_options> sets;
    policies::hosts hosts;
    accepted last = error_code();
    made_certificate ca = make_certificate({.subject = "clients", .authority = true});
    made_certificate other_ca = make_certificate({.subject = "strangers", .authority = true});
};

TEST_F(OptionSets, HoldForTheirHostsOnly)
{
    demand("a.example", versions(tls_version::tls_1_3, tls_version::tls_1_3));
    demand("*.wild.example", versions(tls_version::tls_1_2, tls_version::tls_1_2));
    ASSERT_TRUE(enters("a.example"));
    EXPECT_EQ((*last)->secured().tls_options, "a.example");
    ASSERT_TRUE(enters("x.wild.example"));
    EXPECT_EQ(SSL_version(client.session()), TLS1_2_VERSION);
    EXPECT_EQ((*last)->secured().tls_options, "*.wild.example");
    ASSERT_TRUE(enters("b.example"));
    EXPECT_EQ(SSL_version(client.session()), TLS1_3_VERSION);
    EXPECT_EQ((*last)->secured().tls_options, "default");

    SSL_CTX_set_max_proto_version(client.settings(), TLS1_2_VERSION);
    EXPECT_FALSE(enters("a.example"));
    EXPECT_EQ(client.alert(), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    EXPECT_TRUE(enters("b.example"));
}

TEST_F(OptionSets, ChooseSuitesCurvesAndProtocols)
{
    auto demands = suites({"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"});
    demands.highest = tls_version::tls_1_2;
    demands.curves = {"P-384"};
    demands.protocols = {"special", "http/1.1"};
    demand("a.example", demands);
    client.offer("\x08http/1.1\x07special");
    ASSERT_TRUE(enters("a.example"));
    EXPECT_STREQ(SSL_get_cipher_name(client.session()), "ECDHE-ECDSA-AES256-GCM-SHA384");
    EXPECT_EQ(SSL_get_negotiated_group(client.session()), NID_secp384r1);
    EXPECT_EQ(client.protocol(), "special") << "the server's order counts";
    EXPECT_EQ((*last)->secured().protocol, "special");
    ASSERT_TRUE(enters("b.example"));
    EXPECT_EQ(client.protocol(), "http/1.1");
    EXPECT_EQ(SSL_get_negotiated_group(client.session()), NID_X25519);
}

TEST_F(OptionSets, AreClosedWhereTheyCantBeKept)
{
    using enum model::client_auth;
    EXPECT_EQ(closed_because({}), "");
    EXPECT_EQ(closed_because(suites({"TLS_FUNNY"})), "the suite TLS_FUNNY is not known");
    EXPECT_EQ(closed_because(suites({"TLS_AES_128_GCM_SHA256"})), "none of the suites is one of TLS 1.2");
    EXPECT_EQ(closed_because(curves({"P-256", "round"})), "the curve round is not known");
    EXPECT_EQ(closed_because(curves({"X25519MLKEM768", "X25519"})), "") << "left out where the library has none";
    EXPECT_NE(closed_because(versions(tls_version::tls_1_3, tls_version::tls_1_2)), "");
    EXPECT_NE(closed_because(clients(require, "")), "");
    EXPECT_NE(closed_because(clients(verify_if_given, "nonsense")), "");
    auto broken = ca.chain_pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    EXPECT_NE(closed_because(clients(require, broken)), "") << "not the half that can be read";

    demand("a.example", clients(require, "nonsense"));
    EXPECT_FALSE(enters("a.example"));
    EXPECT_EQ(client.alert(), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
    EXPECT_TRUE(enters("b.example"));
    auto closed = cell.load()->options.closed();
    ASSERT_EQ(closed.size(), 1U);
    EXPECT_EQ(closed[0].id, "a.example");

    hosts["b.example"] = "nobody's";
    demand("x", {});
    EXPECT_FALSE(enters("b.example")) << "a set that is missing";
    demand("default", clients(require, "nonsense"));
    EXPECT_FALSE(enters("x.wild.example"));
}

TEST_F(OptionSets, DemandClientCertificates)
{
    demand("a.example", clients(client_auth::require, ca.chain_pem()));
    demand("b.example", clients(client_auth::verify_if_given, ca.chain_pem()));
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        client = tls_client();
        SSL_CTX_set_max_proto_version(client.settings(), version);
        EXPECT_FALSE(enters("a.example"));
        EXPECT_TRUE(enters("b.example"));
        EXPECT_EQ(subject(), "");
        use(make_certificate({.subject = "Mallory"}, &other_ca));
        EXPECT_FALSE(enters("a.example"));
        EXPECT_FALSE(enters("b.example")) << "who sends a bad one is not let in";
        use(make_certificate({.subject = "Late", .days = -1}, &ca));
        EXPECT_FALSE(enters("a.example"));
        use(make_certificate({.subject = "Alice, \xC3\x84rger\n"}, &ca));
        ASSERT_TRUE(enters("a.example")) << why;
        EXPECT_EQ(subject(), "CN=Alice\\, \\C3\\84rger\\0A") << "printable";
        EXPECT_TRUE(enters("b.example"));
        EXPECT_NE(subject(), "");
        EXPECT_TRUE(enters("x.wild.example"));
        EXPECT_EQ(subject(), "") << "nobody asked for it";
    }
}

/// Keeps the sessions that the client is given.
class Resumption : public OptionSets {
protected:
    void SetUp() override
    {
        SSL_CTX_set_session_cache_mode(client.settings(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_set_app_data(client.settings(), this);
        SSL_CTX_sess_set_new_cb(client.settings(), [](SSL* session, SSL_SESSION* fresh) {
            auto* test = static_cast<Resumption*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
            // A copy: OpenSSL spoils the session of a connection that ends without a farewell.
            if (test->learning) test->kept.reset(SSL_SESSION_dup(fresh));
            return 0;
        });
    }
    void TearDown() override { client.forget(); }

    static task<result<void>> say_hi(net::stream& to)
    {
        std::string_view hi = "hi";
        co_return co_await to.write_all(hi);
    }

    /// A session made with `name`.
    void learn(const char* name)
    {
        learning = true;
        ASSERT_TRUE(enters(name)) << why;
        EXPECT_TRUE(test::outcome_of(loop, say_hi(**last)));  // tickets come before the first bytes
        EXPECT_EQ(client.read(2), "hi");
        ASSERT_NE(kept, nullptr);
        learning = false;
    }

    bool resumes(const char* name)
    {
        std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>> copy(SSL_SESSION_dup(kept.get()));
        client.resume(copy.get());
        bool in = enters(name);
        client.resume(nullptr);
        return in && SSL_session_reused(client.session()) == 1;
    }

    std::unique_ptr<SSL_SESSION, freed_by<SSL_SESSION_free>> kept;
    bool learning = false;
};

TEST_F(Resumption, IsBoundToNameAndDemands)
{
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        SSL_CTX_set_max_proto_version(client.settings(), version);
        demand("a.example", {});
        learn("a.example");
        EXPECT_TRUE(resumes("a.example"));
        EXPECT_FALSE(resumes("b.example")) << "another name";
        demand("a.example", strict());
        EXPECT_FALSE(resumes("a.example")) << "other demands";
        demand("a.example", {});
        EXPECT_TRUE(resumes("a.example"));
    }
}

TEST_F(Resumption, KeepsTheSubjectAndEndsWithTheAuthority)
{
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        SSL_CTX_set_max_proto_version(client.settings(), version);
        demand("a.example", clients(client_auth::require, ca.chain_pem()));
        use(make_certificate({.subject = "Alice"}, &ca));
        learn("a.example");
        ASSERT_TRUE(resumes("a.example"));
        EXPECT_EQ(subject(), "CN=Alice");
        demand("a.example", clients(client_auth::require, other_ca.chain_pem()));
        EXPECT_FALSE(enters("a.example"));
        EXPECT_FALSE(resumes("a.example")) << "the old authority's word is worth nothing now";
        demand("a.example", clients(client_auth::verify_if_given, ca.chain_pem()));
        EXPECT_FALSE(resumes("a.example"));
    }
}

TEST_F(Resumption, OutlivesRotationsAndRestarts)
{
    std::vector<ticket_key> keys;
    for (char c : {'1', '2', '3', '4'}) keys.emplace_back(ticket_key_bytes, c);
    auto newest_first = [&](std::initializer_list<int> which) {
        std::vector<ticket_key> some;
        for (int i : which) some.push_back(keys[static_cast<std::size_t>(i)]);
        front.use_ticket_keys(some);
    };
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SCOPED_TRACE(version);
        SSL_CTX_set_max_proto_version(client.settings(), version);
        newest_first({0});
        learn("a.example");
        EXPECT_TRUE(resumes("a.example"));
        newest_first({1, 0});
        EXPECT_TRUE(resumes("a.example"));
        newest_first({2, 1, 0});
        EXPECT_TRUE(resumes("a.example"));
        server successor(cell);
        successor.use_ticket_keys(std::vector{keys[2], keys[1], keys[0]});
        newest_first({3, 2, 1});
        EXPECT_FALSE(resumes("a.example")) << "its key is gone";
        newest_first({});
        EXPECT_FALSE(resumes("a.example"));
    }
}

TEST_F(Resumption, NeedsNoCertificateThatIsParsed)
{
    learn("a.example");
    auto now = cell.load();
    certificate_store::certificates broken{
        {"a.example",
         {.names = {"a.example"}, .chain_pem = "nonsense", .key_pem = "nonsense", .chain_file = "", .key_file = ""}}};
    cell.publish(std::make_shared<store>(now->certificates.after(broken, {}), now->options));
    EXPECT_TRUE(resumes("a.example"));
    EXPECT_FALSE(enters("a.example"));
}

class KindsOfKeys : public Handshakes {
protected:
    void SetUp() override
    {
        certificate_store::certificates all;
        for (auto [id, kind, fallback] : {std::tuple{"ec", key_kind::ecdsa, false},
                                          {"rsa", key_kind::rsa, false},
                                          {"a-fallback", key_kind::ecdsa, true}}) {
            auto made = make_certificate({.subject = id, .names = "DNS:both.example", .kind = kind});
            std::vector<std::string> names{"both.example"};
            if (kind == key_kind::rsa) names.push_back("rsa.example");
            if (fallback) names.push_back("rsa.example");
            all[id] = {.names = names,
                       .chain_pem = made.chain_pem(),
                       .key_pem = made.key_pem(),
                       .chain_file = "",
                       .key_file = "",
                       .fallback = fallback};
        }
        cell.publish(std::make_shared<store>(certificate_store(all, {})));
    }

    std::string answer_to(const char* name, const char* algorithms)
    {
        client = tls_client();
        SSL_CTX_set1_sigalgs_list(client.settings(), algorithms);
        return handshake(name) ? client.certificate_name() : "refused";
    }
};

TEST_F(KindsOfKeys, AreChosenByWhatTheClientOffers)
{
    EXPECT_EQ(answer_to("both.example", "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256"), "ec");
    EXPECT_EQ(answer_to("both.example", "ecdsa_secp256r1_sha256"), "ec");
    EXPECT_EQ(answer_to("both.example", "rsa_pss_rsae_sha256"), "rsa");
    EXPECT_EQ(answer_to("rsa.example", "rsa_pss_rsae_sha256"), "rsa");
    EXPECT_EQ(answer_to("rsa.example", "ecdsa_secp256r1_sha256"), "refused") << "no fallback beside one of its own";
}

}  // namespace
}  // namespace lintel::tls
