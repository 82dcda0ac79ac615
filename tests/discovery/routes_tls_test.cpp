#include "base/file.hpp"
#include "discovery/file_provider.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/local_ca.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

using model::client_auth;
using model::tls_version;
using texts = std::vector<std::string>;

/// A routes file in a folder with ca.pem, client.pem and key.pem.
class RoutesTls : public testing::Test {
protected:
    RoutesTls()
    {
        auto issued = ca.issue("client.example");
        chain = issued.chain_pem;
        key = issued.key_pem;
        EXPECT_TRUE(file::write_atomically(folder / "client.pem", chain, 0644));
        EXPECT_TRUE(file::write_atomically(folder / "key.pem", key, 0644));
        EXPECT_TRUE(file::write_atomically(folder / "broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n", 0644));
    }

    fragment read(const std::string& yaml) { return read_routes(yaml, folder / "a.yml").value(); }

    declared_set<model::tls_options> options(const std::string& members)
    {
        auto made = read("tls:\n  options:\n    o: " + members + "\n");
        problems.clear();
        for (const auto& each : made.problems) problems += each.where + ": " + each.what + '\n';
        return made.tls_option_sets.at(0);
    }

    declared_set<model::transport> transport(const std::string& members)
    {
        auto made = read("http:\n  serversTransports:\n    t: " + members + "\n");
        problems.clear();
        for (const auto& each : made.problems) problems += each.where + ": " + each.what + '\n';
        return made.transports.at(0);
    }

    test::temporary_folder folder;
    tls::local_ca ca = tls::local_ca::open(folder.path()).value();
    std::string chain, key, problems;
};

TEST_F(RoutesTls, OptionsAreReadWhole)
{
    auto made = options(R"({minVersion: VersionTLS12, maxVersion: VersionTLS13, sniStrict: true,
      cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305, TLS_AES_128_GCM_SHA256],
      curvePreferences: [X25519MLKEM768, CurveP256], alpnProtocols: [http/1.1],
      clientAuth: {caFiles: [ca.pem], clientAuthType: VerifyClientCertIfGiven}})");
    EXPECT_EQ(problems, "");
    EXPECT_EQ(made.refusal, "");
    EXPECT_EQ(made.spec.cipher_suites,
              (texts{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}));
    EXPECT_EQ(made.spec.curves, (texts{"X25519MLKEM768", "P-256"}));
    EXPECT_EQ(made.spec.protocols, texts{"http/1.1"});
    EXPECT_TRUE(made.spec.strict_names);
    EXPECT_EQ(made.spec.clients, client_auth::verify_if_given);
    EXPECT_EQ(made.spec.client_ca_pem, ca.certificate_pem());
}

TEST_F(RoutesTls, VersionsThatAreTooOldAreRaised)
{
    auto made = options("{minVersion: VersionTLS10}");
    EXPECT_EQ(made.refusal, "");
    EXPECT_EQ(made.spec.lowest, tls_version::tls_1_2);
    EXPECT_TRUE(problems.contains("a.yml:3:9: TLS 1.0 and 1.1 are not spoken")) << problems;
}

TEST_F(RoutesTls, WeakSuitesAreNotOfferedAndNoneLeftMeansTls13)
{
    auto made = options("{cipherSuites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_TYPO]}");
    EXPECT_EQ(made.refusal, "");
    EXPECT_TRUE(made.spec.cipher_suites.empty());
    EXPECT_EQ(made.spec.lowest, tls_version::tls_1_3);
    EXPECT_TRUE(problems.contains("TLS_RSA_WITH_AES_128_CBC_SHA is not offered")) << problems;
    EXPECT_TRUE(problems.contains("unknown cipher suite TLS_ECDHE_TYPO")) << problems;
}

TEST_F(RoutesTls, ProtocolsThatAreNotSpokenAreNotOffered)
{
    auto made = options("{alpnProtocols: [h2, h3, http/1.1, acme-tls/1, http/1.0]}");
    EXPECT_EQ(made.refusal, "");
    EXPECT_EQ(made.spec.protocols, (texts{"h2", "http/1.1", "http/1.0"}));
    EXPECT_TRUE(problems.contains("the protocol h3 is not spoken, ignored")) << problems;
    EXPECT_TRUE(problems.contains("the protocol acme-tls/1 is not spoken")) << problems;
}

TEST_F(RoutesTls, CaFilesAloneRequireACertificate)
{
    EXPECT_EQ(options("{clientAuth: {caFiles: ca.pem}}").spec.clients, client_auth::require);
    EXPECT_EQ(options("{clientAuth: {caFiles: ca.pem, clientAuthType: NoClientCert}}").spec.clients, client_auth::none);
    EXPECT_EQ(options("{}").spec.clients, client_auth::none);
}

TEST_F(RoutesTls, OptionsThatCanNotBeKeptAreClosed)
{
    struct {
        const char *members, *said;
    } table[]{{"{clientAuth: {clientAuthType: RequireAndVerifyClientCert}}", "needs caFiles"},
              {"{clientAuth: {caFiles: [missing.pem]}}", "can't be read"},
              {"{clientAuth: {caFiles: [broken.pem]}}", "can't be read"},
              {"{clientAuth: {caFiles: [key.pem]}}", "can't be read"},
              {"{clientAuth: {caFiles: []}}", "can't be read"},
              {"{clientAuth: {caFiles: [ca.pem, missing.pem]}}", "can't be read"},
              {"{clientAuth: {caFiles: [ca.pem], clientAuthType: RequireAnyClientCert}}", "nobody verifies"},
              {"{clientAuth: {caFiles: [ca.pem], clientAuthType: Required}}", "no clientAuthType Required"},
              {"{clientAuht: {caFiles: [ca.pem]}}", "nobody knows the key clientauht.cafiles"},
              {"{minVersion: 1.3}", "a TLS version is"},
              {"{minVersion: VersionTLS13, maxVersion: VersionTLS12}", "below minVersion"},
              {"{maxVersion: VersionTLS12, cipherSuites: [TLS_AES_128_GCM_SHA256]}", "none of the cipher suites"},
              {"{curvePreferences: [CurveP25519]}", "none of the curves"},
              {"{alpnProtocols: [h3, acme-tls/1]}", "none of the protocols"}};
    for (const auto& [members, said] : table) {
        auto made = options(members);
        EXPECT_TRUE(made.refusal.starts_with("the TLS options o can't be kept: ")) << members;
        EXPECT_TRUE(made.refusal.contains(said)) << made.refusal;
        EXPECT_TRUE(problems.contains("closed")) << problems;
    }
}

TEST_F(RoutesTls, ATransportIsReadWhole)
{
    auto made = transport(
        "{serverName: App.Internal, rootCAs: [ca.pem], maxIdleConnsPerHost: 7,\n"
        "        certificates: [{certFile: client.pem, keyFile: key.pem}]}");
    EXPECT_EQ(made.refusal, "");
    EXPECT_EQ(made.spec.server_name, "app.internal");
    EXPECT_EQ(made.spec.ca_pem, ca.certificate_pem());
    EXPECT_EQ(made.spec.ca_file, folder / "ca.pem");
    EXPECT_EQ(made.spec.chain_pem, chain);
    EXPECT_EQ(made.spec.key_pem, key);
    EXPECT_EQ(made.spec.key_file, folder / "key.pem");
    EXPECT_TRUE(made.spec.verify);
    EXPECT_TRUE(problems.contains("maxidleconnsperhost is not supported yet, ignored")) << problems;
    EXPECT_FALSE(transport("{insecureSkipVerify: true}").spec.verify);
    EXPECT_TRUE(transport("{insecureSkipVerify: maybe}").spec.verify);
}

TEST_F(RoutesTls, ATransportThatCanNotBeKeptIsClosed)
{
    for (const auto* members :
         {"{rootCAs: [missing.pem]}", "{rootCAs: [key.pem]}", "{certificates: [{certFile: ca.pem, keyFile: key.pem}]}",
          "{certificates: [{certFile: client.pem, keyFile: missing.pem}]}", "{certificates: x}",
          "{peerCertURI: 'spiffe://x'}"}) {
        EXPECT_TRUE(transport(members).refusal.starts_with("the transport t can't be kept: ")) << members;
        EXPECT_FALSE(problems.contains("PRIVATE")) << problems;
    }
}

TEST_F(RoutesTls, TheDefaultCertificateMayStandInTheListToo)
{
    auto made = read(
        "tls:\n  certificates: [{certFile: client.pem, keyFile: key.pem}]\n"
        "  stores: {default: {defaultCertificate: {certFile: client.pem, keyFile: key.pem}}}\n");
    EXPECT_TRUE(made.problems.empty());
    ASSERT_EQ(made.certificates.size(), 1U);
    EXPECT_TRUE(made.certificates[0].spec.is_default);
}

TEST_F(RoutesTls, TcpRoutersAndServicesAreRead)
{
    auto made = read(R"(tcp:
  routers:
    db: {rule: 'HostSNI(`db.x`) || HostSNI(`*.y`)', service: pg, entryPoints: [postgres], tls: {passthrough: true}}
    any: {rule: 'HostSNI(`*`)', service: pg, priority: 3}
    mail: {rule: 'HostSNI(`m.x`)', service: pg, tls: {options: o}}
    bad: {rule: 'HostSNI(`m.x`)', service: pg}
  services:
    pg: {loadBalancer: {proxyProtocol: {}, servers: [{address: 'pg:5432'}, {address: '[2001:db8::1]:5432'}]}}
    secure: {loadBalancer: {servers: [{address: 'pg:5432', tls: true}]}}
)");
    ASSERT_EQ(made.tcp_routers.size(), 3U);
    EXPECT_EQ(made.tcp_routers[0].spec.names, (texts{"db.x", "*.y"}));
    EXPECT_EQ(made.tcp_routers[0].spec.security, model::tcp_security::passed_on);
    EXPECT_EQ(made.tcp_routers[1].spec.security, model::tcp_security::clear);
    EXPECT_EQ(made.tcp_routers[1].spec.priority, 3);
    EXPECT_EQ(made.tcp_routers[2].spec.tls_options, "o");
    ASSERT_EQ(made.tcp_services.size(), 2U);
    EXPECT_EQ(made.tcp_services[0].spec.proxy_protocol, 2);
    EXPECT_EQ(made.tcp_services[0].spec.endpoints, (texts{"tcp://pg:5432", "tcp://[2001:db8::1]:5432"}));
    EXPECT_EQ(made.endpoints.at(1).spec.host, "2001:db8::1");
    EXPECT_TRUE(made.tcp_services[1].refusal.starts_with("TLS to a TCP service's servers is not supported yet"));
    ASSERT_EQ(made.problems.size(), 2U);
    EXPECT_TRUE(made.problems[0].what.contains("give the router tls"));
}

TEST_F(RoutesTls, AServiceMaySpeakTls)
{
    auto made =
        read("http:\n  services:\n    s: {loadBalancer: {serversTransport: t, servers: [{url: 'https://a'}]}}\n");
    EXPECT_TRUE(made.problems.empty());
    EXPECT_EQ(made.services.at(0).spec.scheme, model::scheme::https);
    EXPECT_EQ(made.services[0].spec.transport, "t");
    EXPECT_EQ(made.endpoints.at(0).spec.port, 443);
}

TEST_F(RoutesTls, ATransportMayKeepHttp2FromItsServers)
{
    auto made = read("http:\n  serversTransports:\n    t: {disableHTTP2: true}\n    u: {disableHTTP2: false}\n");
    EXPECT_TRUE(made.problems.empty());
    EXPECT_FALSE(made.transports.at(0).spec.http2);
    EXPECT_TRUE(made.transports.at(1).spec.http2);
}

TEST_F(RoutesTls, AServiceMayHaveAHealthCheckOfGrpc)
{
    auto made =
        read("http:\n  services:\n    s: {loadBalancer: {healthCheck: {mode: grpc, interval: 2s}, servers: []}}\n");
    EXPECT_TRUE(made.problems.empty());
    model::health_check wanted{.grpc = true, .interval = std::chrono::seconds(2)};
    EXPECT_EQ(made.services.at(0).spec.check, wanted);
}

TEST_F(RoutesTls, AServiceMaySpeakHttp2InClearText)
{
    auto made =
        read("http:\n  services:\n    s: {loadBalancer: {servers: [{url: 'h2c://a:50051'}, {url: 'h2c://b'}]}}\n");
    EXPECT_TRUE(made.problems.empty());
    EXPECT_EQ(made.services.at(0).spec.scheme, model::scheme::h2c);
    EXPECT_EQ(made.endpoints.at(0).spec.port, 50051);
    EXPECT_EQ(made.endpoints.at(1).spec.port, 80);
}

}  // namespace
}  // namespace lintel::discovery
