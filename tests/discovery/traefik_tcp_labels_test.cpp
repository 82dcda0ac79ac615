#include "tests/support/labelled.hpp"

namespace lintel::discovery {
namespace {

using namespace test;
using model::tcp_security;

/// The labels of one TCP router "db" and what comes of them.
fragment tcp(label_map labels)
{
    label_map all{{"traefik.tcp.routers.db.rule", "HostSNI(`db.example.com`)"}};
    for (auto& [field, value] : labels) all["traefik.tcp." + field] = value;
    return read(all);
}

TEST(TraefikTcpLabels, MakeARouterAndTheServiceThatIsLinkedToIt)
{
    auto made = tcp({{"routers.db.entrypoints", "postgres"},
                     {"routers.db.tls", "true"},
                     {"routers.db.tls.options", "mtls@file"},
                     {"routers.db.tls.certresolver", "le"},
                     {"services.pg.loadbalancer.server.port", "5432"},
                     {"services.pg.loadbalancer.proxyprotocol.version", "1"},
                     {"services.pg.loadbalancer.terminationdelay", "100"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_TRUE(made.routers.empty()) << "no HTTP router by default";
    EXPECT_TRUE(made.services.empty());
    ASSERT_EQ(made.tcp_routers.size(), 1U);
    model::tcp_router expected;
    expected.names = {"db.example.com"};
    expected.priority = 25;
    expected.entrypoints = {"postgres"};
    expected.security = tcp_security::ended;
    expected.tls_options = "mtls@file";
    expected.service = "pg";
    expected.source = made.source;
    EXPECT_EQ(made.tcp_routers[0].spec, expected);
    ASSERT_EQ(made.tcp_services.size(), 1U);
    EXPECT_EQ(made.tcp_services[0].spec.proxy_protocol, 1);
    EXPECT_EQ(made.tcp_services[0].spec.endpoints, std::vector<std::string>{"3f2a9c81d0e4ffff:5432"});
}

TEST(TraefikTcpLabels, SayWhatBecomesOfTls)
{
    EXPECT_EQ(tcp({{"routers.db.tls.passthrough", "true"}}).tcp_routers.at(0).spec.security, tcp_security::passed_on);
    EXPECT_EQ(
        tcp({{"routers.db.tls", "true"}, {"routers.db.tls.passthrough", "false"}}).tcp_routers.at(0).spec.security,
        tcp_security::ended);
    EXPECT_EQ(tcp({{"routers.db.rule", "HostSNI(`*`)"}}).tcp_routers.at(0).spec.security, tcp_security::clear);
    auto nameless = tcp({});
    EXPECT_TRUE(nameless.tcp_routers.empty());
    EXPECT_TRUE(only_problem(nameless, "traefik.tcp.routers.db.rule", "give the router tls"));
}

TEST(TraefikTcpLabels, HaveAServiceThatNobodyWroteDown)
{
    auto made = tcp({{"routers.db.tls.passthrough", "true"}, {"routers.db.priority", "7"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(made.tcp_routers.at(0).spec.service, "db@router");
    EXPECT_EQ(made.tcp_routers.at(0).spec.priority, 7);
    EXPECT_EQ(made.tcp_services.at(0).name, "db@router");
    EXPECT_TRUE(made.tcp_services.at(0).implicit);
    auto several = tcp({{"routers.db.tls", "true"},
                        {"services.a.loadbalancer.server.port", "1"},
                        {"services.b.loadbalancer.server.port", "2"}});
    EXPECT_TRUE(several.tcp_routers.empty());
    EXPECT_TRUE(only_problem(several, "traefik.tcp.routers.db.service", "2 TCP services"));
}

TEST(TraefikTcpLabels, CloseWhatCanNotBeKeptToItsWord)
{
    for (auto [field, value] :
         {std::pair("loadbalancer.server.tls", "true"), std::pair("loadbalancer.serverstransport", "x@file"),
          std::pair("loadbalancer.proxyprotocol.version", "3")}) {
        auto made = tcp({{"routers.db.tls", "true"}, {std::string("services.pg.") + field, value}});
        EXPECT_NE(made.tcp_services.at(0).refusal, "") << field;
        EXPECT_TRUE(only_problem(made, std::string("traefik.tcp.services.pg.") + field, "closed"));
    }
    auto listed = tcp({{"routers.db.tls", "true"}, {"routers.db.middlewares", "allow"}});
    EXPECT_TRUE(listed.tcp_routers.at(0).spec.refusal.starts_with("middleware allow is not supported yet"));
    auto passed = tcp({{"routers.db.tls.passthrough", "true"}, {"routers.db.tls.options", "mtls@file"}});
    EXPECT_TRUE(passed.tcp_routers.at(0).spec.refusal.contains("TLS doesn't end here"));
}

TEST(TraefikTcpLabels, AreReportedWhereTheyAreTypos)
{
    EXPECT_TRUE(only_problem(tcp({{"routers.db.tls", "true"}, {"routers.db.prority", "1"}}),
                             "traefik.tcp.routers.db.prority", "did you mean traefik.tcp.routers.db.priority?"));
    EXPECT_TRUE(only_problem(tcp({{"routers.db.tls", "true"}, {"routers.db.rule", "ALPN(`h2`)"}}),
                             "traefik.tcp.routers.db.rule", "ALPN is not supported yet; this router is left out"));
}

}  // namespace
}  // namespace lintel::discovery
