#include "discovery/labels.hpp"

#include "tests/support/labelled.hpp"

namespace lintel::discovery {
namespace {

using namespace test;

TEST(TraefikLabels, ARouterIsReadWithEveryKeyInAnyCase)
{
    auto made = read({{"traefik.enable", "true"},
                      {"traefik.http.routers.Blog.rule", "Host(`a.example.com`) && PathPrefix(`/p`)"},
                      {"traefik.http.routers.blog.entryPoints", "web, websecure"},
                      {"traefik.http.routers.Blog.tls.certResolver", "letsencrypt"},
                      {"traefik.http.routers.Blog.tls.domains[0].main", "example.com"},
                      {"traefik.http.routers.Blog.observability.accesslogs", "false"},
                      {"traefik.http.routers.Blog.priority", "-5"},
                      {"traefik.http.routers.Blog.service", "front@docker"},
                      {"traefik.HTTP.Services.front.LoadBalancer.server.port", "3000"},
                      {"traefik.http.services.front.loadbalancer.passHostHeader", "false"}});
    EXPECT_EQ(problems_of(made), "");
    const auto* blog = router(made, "Blog");
    ASSERT_TRUE(blog);
    EXPECT_EQ(blog->spec.rule, "Host(`a.example.com`) && PathPrefix(`/p`)");
    EXPECT_EQ(blog->spec.entrypoints, (std::vector<std::string>{"web", "websecure"}));
    EXPECT_TRUE(blog->tls);
    EXPECT_EQ(blog->spec.priority, -5);
    EXPECT_EQ(blog->spec.service, "front@docker");
    const auto* front = service(made, "front");
    ASSERT_TRUE(front);
    EXPECT_FALSE(front->spec.pass_host);
    EXPECT_EQ(front->spec.endpoints, std::vector<std::string>{"3f2a9c81d0e4ffff:3000"});
}

TEST(TraefikLabels, TlsIsOnWhenItIsNamedAndNotPlainlyOff)
{
    struct row {
        const char* key;
        const char* value;
        bool expected;
    };
    for (auto [key, value, expected] :
         {row{"tls", "true", true}, row{"tls", "false", false}, row{"tls", "1", true}, row{"tls", "ture", true},
          row{"tls.certresolver", "le", true}, row{"priority", "1", false}}) {
        auto made =
            read({{"traefik.http.routers.r.rule", "Host(`a`)"}, {std::string("traefik.http.routers.r.") + key, value}});
        EXPECT_EQ(router(made, "r")->tls, expected) << key << '=' << value;
    }
}

TEST(TraefikLabels, ARouterWithoutAServiceTakesTheOnlyOne)
{
    auto made = read(
        {{"traefik.http.routers.r.rule", "Host(`a`)"}, {"traefik.http.services.s.loadbalancer.server.port", "81"}});
    EXPECT_EQ(router(made, "r")->spec.service, "s");
    EXPECT_EQ(made.services.size(), 1U);
}

TEST(TraefikLabels, ARouterWithoutAServiceIsLeftOutWhereThereAreTwo)
{
    auto made = read({{"traefik.http.routers.r.rule", "Host(`a`)"},
                      {"traefik.http.routers.q.rule", "Host(`b`)"},
                      {"traefik.http.routers.q.service", "s"},
                      {"traefik.http.services.s.loadbalancer.server.port", "81"},
                      {"traefik.http.services.t.loadbalancer.server.port", "82"}});
    EXPECT_TRUE(only_problem(made, "traefik.http.routers.r.service", "declares 2 services"));
    EXPECT_FALSE(router(made, "r"));
    EXPECT_TRUE(router(made, "q"));
}

TEST(TraefikLabels, AnImplicitServiceIsNamedByItsRouterSoThatReleasesShareIt)
{
    auto made = read({{"traefik.http.routers.r.rule", "Host(`a`)"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(router(made, "r")->spec.service, "r@router");
    ASSERT_TRUE(service(made, "r@router"));
    EXPECT_TRUE(service(made, "r@router")->implicit);
    EXPECT_TRUE(service(made, "web")) << "by the name that Traefik gives it, for references from elsewhere";
    EXPECT_EQ(made.endpoints.size(), 1U);
}

TEST(TraefikLabels, WithoutRoutersTheDefaultRuleIsTheNormalisedServiceName)
{
    auto made = read(
        {{"traefik.enable", "true"}, {"com.docker.compose.service", "my_web"}, {"com.docker.compose.project", "Blog"}});
    EXPECT_EQ(problems_of(made), "");
    const auto* made_router = router(made, "my-web-Blog");
    ASSERT_TRUE(made_router);
    EXPECT_EQ(made_router->spec.rule, "Host(`my-web-blog`)");
    EXPECT_TRUE(made_router->spec.entrypoints.empty());
    EXPECT_FALSE(made_router->tls);
    EXPECT_EQ(made_router->spec.service, "my-web-Blog");
    EXPECT_TRUE(service(made, "my-web-Blog"));
}

TEST(TraefikLabels, NoDefaultRouterIsMadeWhereNobodyAskedForOne)
{
    EXPECT_TRUE(read({}).routers.empty());
    EXPECT_TRUE(read({{"traefik.docker.network", "bridge"}}).routers.empty());
    EXPECT_TRUE(read({{"traefik.enable", "false"}}).routers.empty());
    EXPECT_TRUE(read({{"traefik.enable", "true"}, {"traefik.tcp.routers.t.rule", "HostSNI(`*`)"}}).routers.empty());
    EXPECT_EQ(read({{"traefik.http.services.s.loadbalancer.server.port", "81"}}).routers.size(), 1U);
}

TEST(TraefikLabels, ContainersAreExposedAsTheSettingsAndTheEnableLabelSay)
{
    label_map labels{{"traefik.http.routers.r.rule", "Host(`a`)"}};
    EXPECT_EQ(read(labels, {.exposed_by_default = false}).routers.size(), 0U);
    labels["traefik.enable"] = "true";
    EXPECT_EQ(read(labels, {.exposed_by_default = false}).routers.size(), 1U);
    labels["traefik.enable"] = "false";
    EXPECT_EQ(read(labels).routers.size(), 0U);
    labels["traefik.enable"] = "flase";
    EXPECT_EQ(read(labels).routers.size(), 0U);
    EXPECT_TRUE(only_problem(read(labels), "traefik.enable", "neither true nor false"));
    EXPECT_EQ(read({{"lintel.host", "a.example.com"}, {"traefik.enable", "false"}}, {.exposed_by_default = false})
                  .routers.size(),
              2U);
}

TEST(TraefikLabels, ARouterThatNamesAMiddlewareIsClosedAndSaysWhich)
{
    auto made = read({{"traefik.http.routers.r.rule", "Host(`a`)"}, {"traefik.http.routers.r.middlewares", "auth"}});
    const std::string sentence =
        "middleware auth is not supported yet, so this router is closed rather than served without it";
    EXPECT_EQ(router(made, "r")->spec.refusal, sentence);
    EXPECT_EQ(router(made, "r")->spec.service, "");
    EXPECT_TRUE(only_problem(made, "traefik.http.routers.r.middlewares", sentence));

    auto several =
        read({{"traefik.http.routers.r.rule", "Host(`a`)"}, {"traefik.http.routers.r.middlewares", "auth, gzip@file"}});
    EXPECT_TRUE(router(several, "r")->spec.refusal.starts_with("middlewares auth, gzip@file are not supported"));
}

TEST(TraefikLabels, ARouterMayNameTlsOptions)
{
    auto made =
        read({{"traefik.http.routers.r.rule", "Host(`a`)"}, {"traefik.http.routers.r.tls.options", "mtls@file"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(router(made, "r")->spec.tls_options, "mtls@file");
    EXPECT_TRUE(router(made, "r")->tls);
}

TEST(TraefikLabels, AServiceThatCanNotBeKeptToItsWordClosesItsRouters)
{
    for (auto [key, value] : {std::pair("middlewares", "auth"), std::pair("loadbalancer.server.scheme", "h2"),
                              std::pair("loadbalancer.server.url", "http://10.0.0.1")}) {
        auto made = read(
            {{"traefik.http.routers.r.rule", "Host(`a`)"}, {std::string("traefik.http.services.s.") + key, value}});
        EXPECT_NE(service(made, "s")->refusal, "") << key;
        EXPECT_TRUE(only_problem(made, std::string("traefik.http.services.s.") + key, "closed")) << key;
    }
    for (auto [written, spoken] : {std::pair("http", model::scheme::http), std::pair("H2C", model::scheme::h2c)}) {
        auto made = read({{"traefik.http.services.s.loadbalancer.server.scheme", written}});
        EXPECT_EQ(service(made, "s")->refusal, "") << written;
        EXPECT_EQ(service(made, "s")->spec.scheme, spoken) << written;
    }
}

TEST(TraefikLabels, AServiceMayHaveAHealthCheckOfGrpc)
{
    auto made = read({{"traefik.http.services.s.loadbalancer.healthcheck.mode", "gRPC"},
                      {"traefik.http.services.s.loadbalancer.healthcheck.interval", "10s"},
                      {"traefik.http.services.s.loadbalancer.healthcheck.timeout", "2"},
                      {"traefik.http.services.s.loadbalancer.healthcheck.port", "9000"}});
    EXPECT_EQ(problems_of(made), "");
    model::health_check wanted{
        .grpc = true, .interval = std::chrono::seconds(10), .timeout = std::chrono::seconds(2), .port = 9000};
    EXPECT_EQ(service(made, "s")->spec.check, wanted);

    auto wrong = read({{"traefik.http.services.s.loadbalancer.healthcheck.mode", "grpc"},
                       {"traefik.http.services.s.loadbalancer.healthcheck.interval", "0"}});
    EXPECT_TRUE(only_problem(wrong, "traefik.http.services.s.loadbalancer.healthcheck.interval", "no time above zero"));
    EXPECT_EQ(service(wrong, "s")->spec.check, model::health_check{.grpc = true});

    auto http = read({{"traefik.http.services.s.loadbalancer.healthcheck.interval", "10s"}});
    EXPECT_TRUE(only_problem(http, "traefik.http.services.s.loadbalancer.healthcheck.interval", "of mode grpc is"));
    EXPECT_EQ(service(http, "s")->spec.check, model::health_check());
}

TEST(TraefikLabels, AServiceMaySpeakTlsByATransport)
{
    auto made = read({{"traefik.http.services.s.loadbalancer.server.scheme", "https"},
                      {"traefik.http.services.s.loadbalancer.serverstransport", "private@file"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(service(made, "s")->spec.scheme, model::scheme::https);
    EXPECT_EQ(service(made, "s")->spec.transport, "private@file");
    auto standard = read({{"traefik.http.services.s.loadbalancer.serverstransport", "default@internal"}});
    EXPECT_EQ(service(standard, "s")->spec.transport, "");
}

TEST(TraefikLabels, ARuleThatCanNotBeReadWholeLeavesItsRouterOut)
{
    for (auto rule :
         {"Host(`a`) && ClientIP(`10.0.0.0/8`)", "Host(`a`", "Host(`a`) && !PathPrefix(`/admin`)", "Host(a)"}) {
        auto made = read({{"traefik.http.routers.r.rule", rule}, {"traefik.http.routers.q.rule", "Host(`b`)"}});
        EXPECT_TRUE(only_problem(made, "traefik.http.routers.r.rule", "this router is left out")) << rule;
        EXPECT_FALSE(router(made, "r")) << rule;
        EXPECT_TRUE(router(made, "q")) << rule;
    }
    auto old = read({{"traefik.http.routers.r.rule", "Host(`a`)"}, {"traefik.http.routers.r.ruleSyntax", "v2"}});
    EXPECT_TRUE(only_problem(old, "traefik.http.routers.r.ruleSyntax", "left out"));
    EXPECT_FALSE(router(old, "r"));
}

TEST(TraefikLabels, OneWrongLabelCostsThatLabelAlone)
{
    struct row {
        const char* label;
        const char* value;
        const char* words;
    };
    for (auto [label, value, words] : {
             row{"traefik.http.routers.r.rul", "x", "did you mean traefik.http.routers.r.rule?"},
             row{"traefik.http.routers.r.priority", "high", "not a whole number"},
             row{"traefik.http.routers.r.priority", "9223372036854775807", "not a whole number"},
             row{"traefik.http.routers.r", "true", "needs a name and a key"},
             row{"traefik.http.routers..rule", "x", "between two dots"},
             row{"traefik.http.routers.x@y.rule", "Host(`a`)", "a name has no @"},
             row{"traefik.http.router.r.rule", "x", "did you mean traefik.http.routers?"},
             row{"traefik.htp.routers.r.rule", "x", "did you mean traefik.http?"},
             row{"traefik.docker.netwrok", "x", "did you mean traefik.docker.network?"},
             row{"Traefik.http.routers.r.rule", "x", "in lower case"},
             row{"traefik.http.services.s.loadbalancer.server.prot", "8080",
                 "did you mean traefik.http.services.s.loadbalancer.server.port?"},
             row{"traefik.http.services.s.loadbalancer.sticky.cookie", "true", "not supported yet, ignored"},
             row{"traefik.http.services.s.loadbalancer.healthcheck.path", "/up", "not supported yet, ignored"},
             row{"traefik.http.services.s.loadbalancer.passhostheader", "maybe", "neither true nor false"},
             row{"traefik.http.middlewares.auth.basicauth.users", "u:p", "a router that names auth is closed"},
             row{"traefik.udp.routers.t.entrypoints", "x", "not supported yet"},
             row{"traefik.tcp.router.t.rule", "x", "did you mean traefik.tcp.routers?"},
             row{"traefik.http.serverstransports.t.servername", "x", "can't be declared by labels"},
             row{"traefik.tls.stores.default.defaultgeneratedcert.resolver", "le", "not supported yet"},
         }) {
        label_map labels{{"traefik.http.routers.r.rule", "Host(`a`)"},
                         {"traefik.http.services.s.loadbalancer.server.port", "8080"}};
        labels[label] = value;
        auto made = read(labels);
        EXPECT_TRUE(only_problem(made, label, words)) << label;
        ASSERT_EQ(made.routers.size(), 1U) << label;
        EXPECT_EQ(made.routers[0].spec.service, "s") << label;
        EXPECT_EQ(made.endpoints.at(0).spec.port, 8080) << label;
    }
}

TEST(TraefikLabels, OneProblemStandsForAGroupOfLabels)
{
    auto made = read({{"traefik.http.middlewares.auth.basicauth.users", "u:p"},
                      {"traefik.http.middlewares.auth.basicauth.realm", "x"},
                      {"traefik.udp.routers.t.entrypoints", "dns"},
                      {"traefik.udp.services.t.loadbalancer.server.port", "5432"}});
    EXPECT_EQ(made.problems.size(), 2U) << problems_of(made);
}

TEST(TraefikLabels, TheMissingPortIsReportedOnce)
{
    auto what = running({{"traefik.http.routers.a.rule", "Host(`a`)"}, {"traefik.http.routers.b.rule", "Host(`b`)"}});
    what.tcp_ports.clear();
    auto made = read_labels(what, {});
    EXPECT_TRUE(only_problem(made, "traefik.http.services.web.loadbalancer.server.port", "exposes no TCP port"));
    EXPECT_EQ(made.routers.size(), 2U);
}

}  // namespace
}  // namespace lintel::discovery
