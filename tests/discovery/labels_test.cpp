#include "discovery/labels.hpp"

#include "model/rule.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

container running(label_map labels)
{
    container what;
    what.id = "3f2a9c81d0e4ffff";
    what.name = "web";
    what.created = 7;
    what.labels = std::move(labels);
    what.tcp_ports = {80, 8080};
    what.networks = {{"bridge", "172.17.0.2", ""}};
    what.state = container::status::running;
    return what;
}

fragment read(label_map labels, const engine_settings& settings = {})
{
    return read_labels(running(std::move(labels)), settings);
}

const declared_router* router(const fragment& from, std::string_view name)
{
    auto found = std::ranges::find(from.routers, name, &declared_router::name);
    return found == from.routers.end() ? nullptr : &*found;
}

const declared_service* service(const fragment& from, std::string_view name)
{
    auto found = std::ranges::find(from.services, name, &declared_service::name);
    return found == from.services.end() ? nullptr : &*found;
}

std::string problems_of(const fragment& from)
{
    std::string all;
    for (const auto& [where, what] : from.problems) all += where + ": " + what + '\n';
    return all;
}

/// True when exactly one problem is there, at `where`, and its sentence has `words`.
testing::AssertionResult only_problem(const fragment& from, std::string_view where, std::string_view words)
{
    bool right = from.problems.size() == 1 && from.problems[0].where == where && from.problems[0].what.contains(words);
    return (right ? testing::AssertionSuccess() : testing::AssertionFailure()) << problems_of(from);
}

TEST(LintelLabels, AHostIsServedOverHttpsWithARedirectToIt)
{
    auto made = read({{"lintel.host", "A.Example.com"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(made.source, "container web (3f2a9c81d0e4)");
    EXPECT_EQ(made.since, 7);
    ASSERT_EQ(made.routers.size(), 2U);

    const auto* served = router(made, "a.example.com");
    ASSERT_TRUE(served);
    EXPECT_EQ(served->spec.rule, "Host(`a.example.com`)");
    EXPECT_EQ(served->spec.entrypoints, std::vector<std::string>{"https"});
    EXPECT_EQ(served->spec.service, "a.example.com");
    EXPECT_TRUE(served->tls);

    const auto* redirect = router(made, "a.example.com-redirect");
    ASSERT_TRUE(redirect);
    EXPECT_EQ(redirect->spec.entrypoints, std::vector<std::string>{"http"});
    EXPECT_TRUE(redirect->spec.redirect_to_https);
    EXPECT_EQ(redirect->spec.service, "");

    ASSERT_EQ(made.endpoints.size(), 1U);
    EXPECT_EQ(made.endpoints[0].name, "3f2a9c81d0e4ffff:80");
    EXPECT_EQ(made.endpoints[0].spec.host, "172.17.0.2");
    EXPECT_EQ(made.endpoints[0].spec.port, 80);
    EXPECT_EQ(made.endpoints[0].spec.ready, model::readiness::probe);
    EXPECT_EQ(service(made, "a.example.com")->spec.endpoints, std::vector<std::string>{"3f2a9c81d0e4ffff:80"});
}

TEST(LintelLabels, SeveralHostsAndAPathMakeOneRuleBySegments)
{
    auto made = read({{"lintel.host", "a.example.com, *.b.example.com,a.example.com"},
                      {"lintel.path", "/blog/"},
                      {"lintel.port", "8080"}});
    EXPECT_EQ(problems_of(made), "");
    const auto* served = router(made, "a.example.com~blog");
    ASSERT_TRUE(served);
    EXPECT_EQ(served->spec.rule,
              "(Host(`a.example.com`) || Host(`*.b.example.com`)) && (Path(`/blog`) || PathPrefix(`/blog/`))");
    EXPECT_TRUE(model::parse_rule(served->spec.rule));
    EXPECT_EQ(made.endpoints[0].spec.port, 8080);
}

TEST(LintelLabels, TheRootPathIsNoPath)
{
    auto made = read({{"lintel.host", "a.example.com"}, {"lintel.path", "/"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(router(made, "a.example.com")->spec.rule, "Host(`a.example.com`)");
}

TEST(LintelLabels, AWrongValueCostsItsKeyAloneAndIsReported)
{
    auto host = read({{"lintel.host", "a.example.com,https://b.example.com"}});
    EXPECT_TRUE(only_problem(host, "lintel.host", "is not a host name"));
    EXPECT_TRUE(router(host, "a.example.com"));

    auto injected = read({{"lintel.host", "a`) || Host(`b.example.com"}});
    EXPECT_TRUE(only_problem(injected, "lintel.host", "is not a host name"));
    EXPECT_TRUE(injected.routers.empty());

    for (auto port : {"http", "0", "65536", "-1", "80 81"}) {
        auto made = read({{"lintel.host", "a.example.com"}, {"lintel.port", port}});
        EXPECT_TRUE(only_problem(made, "lintel.port", "is not a port")) << port;
        EXPECT_EQ(made.endpoints[0].spec.port, 80) << "the lowest exposed port";
    }
}

TEST(LintelLabels, AWrongPathLeavesTheHostOutRatherThanServingAllOfIt)
{
    for (auto path : {"blog", "", "/a`b", "/a b", "/a?b", "/a\nb", "/é"}) {
        auto made = read({{"lintel.host", "a.example.com"}, {"lintel.path", path}});
        EXPECT_TRUE(only_problem(made, "lintel.path", "is not a path")) << path;
        EXPECT_TRUE(made.routers.empty()) << path;
    }
}

TEST(LintelLabels, AnUnknownKeyIsReportedWithTheNearestKnownOne)
{
    auto made = read({{"lintel.hots", "a.example.com"}});
    EXPECT_TRUE(only_problem(made, "lintel.hots", "did you mean lintel.host?"));
    EXPECT_TRUE(
        only_problem(read({{"lintel.something", "x"}}), "lintel.something", "known are lintel.app, lintel.host"));
}

TEST(LintelLabels, APortWithoutAHostHasNoEffectAndSaysSo)
{
    EXPECT_TRUE(only_problem(read({{"lintel.port", "80"}}), "lintel.port", "without lintel.host"));
}

TEST(LintelLabels, WithoutAnyPortTheHostStaysClaimed)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.tcp_ports.clear();
    auto made = read_labels(what, {});
    EXPECT_TRUE(only_problem(made, "lintel.port", "exposes no TCP port"));
    EXPECT_EQ(made.routers.size(), 2U);
    EXPECT_TRUE(service(made, "a.example.com")->spec.endpoints.empty());
}

TEST(Labels, TheAppIsTheFirstThatIsNamed)
{
    label_map labels{{"com.docker.swarm.service.name", "svc"}};
    EXPECT_EQ(read(labels).app, "svc");
    labels["com.docker.stack.namespace"] = "stack";
    EXPECT_EQ(read(labels).app, "stack");
    labels["com.docker.compose.project"] = "project";
    EXPECT_EQ(read(labels).app, "project");
    labels["lintel.app"] = "own";
    EXPECT_EQ(read(labels).app, "own");
    labels["lintel.app"] = "own/name";
    EXPECT_EQ(read(labels).app, "project");
    EXPECT_TRUE(only_problem(read(labels), "lintel.app", "is not a name for an app"));
    EXPECT_EQ(read({}).app, "");
}

TEST(Labels, TheAddressIsTheNamedNetworksElseThePreferredElseTheFirstWithOne)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.networks = {{"a", "", "2001:db8::1"}, {"b", "10.0.0.1", ""}, {"c", "10.0.0.2", "2001:db8::2"}};
    auto host = [&](const engine_settings& settings = {}) {
        return read_labels(what, settings).endpoints.at(0).spec.host;
    };
    EXPECT_EQ(host(), "10.0.0.1");
    EXPECT_EQ(host({.network = "c"}), "10.0.0.2");
    EXPECT_EQ(host({.network = "elsewhere"}), "10.0.0.1");
    what.labels["traefik.docker.network"] = "a";
    EXPECT_EQ(host({.network = "c"}), "2001:db8::1");
    what.labels["lintel.network"] = "c";
    EXPECT_EQ(host(), "10.0.0.2");
    what.networks.resize(1);
    what.labels = {{"lintel.host", "a.example.com"}};
    EXPECT_EQ(host(), "2001:db8::1") << "IPv6 where there is no IPv4";
    what.network_mode = "host";
    EXPECT_EQ(host(), "127.0.0.1");
}

TEST(Labels, ANetworkThatTheContainerIsNotInIsReported)
{
    auto made = read({{"lintel.host", "a.example.com"}, {"lintel.network", "front"}});
    EXPECT_TRUE(only_problem(made, "lintel.network", "no address in network front; its networks are bridge"));
    EXPECT_EQ(made.endpoints.at(0).spec.host, "172.17.0.2");
}

TEST(Labels, AContainerWithoutAnAddressSaysWhy)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.networks.clear();
    EXPECT_TRUE(only_problem(read_labels(what, {}), "lintel.network", "no address in any network"));
    EXPECT_TRUE(read_labels(what, {}).endpoints.empty());
    what.unreachable = "it shares the network of container x, which is gone";
    EXPECT_TRUE(only_problem(read_labels(what, {}), "lintel.network", "which is gone"));
}

TEST(Labels, AStoppedContainerKeepsItsRouterAndItsEndpoint)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.networks.clear();
    what.state = container::status::stopped;
    auto made = read_labels(what, {});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(made.routers.size(), 2U);
    EXPECT_EQ(made.endpoints.at(0).spec.ready, model::readiness::stopped);
}

TEST(Labels, DrainingIsToldOfEveryEndpoint)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.draining = true;
    EXPECT_TRUE(read_labels(what, {}).endpoints.at(0).spec.draining);
}

TEST(Labels, OnlyTheRightLabelsConcernUs)
{
    EXPECT_TRUE(has_routing_labels({{"lintel.host", "x"}}));
    EXPECT_TRUE(has_routing_labels({{"Traefik.enable", "true"}}));
    EXPECT_FALSE(has_routing_labels({{"maintainer", "x"}, {"lintels.host", "x"}}));
    EXPECT_FALSE(has_routing_labels({}));
    EXPECT_FALSE(has_routing_labels({{"lintel.host", "x"}, {"com.docker.compose.oneoff", "True"}}));
    EXPECT_TRUE(has_routing_labels({{"lintel.host", "x"}, {"com.docker.compose.oneoff", "False"}}));
}

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

TEST(TraefikLabels, ARouterThatNamesTlsOptionsIsClosed)
{
    auto made =
        read({{"traefik.http.routers.r.rule", "Host(`a`)"}, {"traefik.http.routers.r.tls.options", "mtls@file"}});
    EXPECT_TRUE(router(made, "r")->spec.refusal.starts_with("TLS option mtls@file is not supported yet"));
    EXPECT_TRUE(router(made, "r")->tls);
}

TEST(TraefikLabels, AServiceThatCanNotBeKeptToItsWordClosesItsRouters)
{
    for (auto [key, value] : {std::pair("middlewares", "auth"), std::pair("loadbalancer.server.scheme", "https"),
                              std::pair("loadbalancer.server.url", "http://10.0.0.1")}) {
        auto made = read(
            {{"traefik.http.routers.r.rule", "Host(`a`)"}, {std::string("traefik.http.services.s.") + key, value}});
        EXPECT_NE(service(made, "s")->refusal, "") << key;
        EXPECT_TRUE(only_problem(made, std::string("traefik.http.services.s.") + key, "closed")) << key;
    }
    EXPECT_EQ(service(read({{"traefik.http.services.s.loadbalancer.server.scheme", "http"}}), "s")->refusal, "");
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
             row{"traefik.tcp.routers.t.rule", "HostSNI(`*`)", "not supported yet"},
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
                      {"traefik.tcp.routers.t.rule", "HostSNI(`*`)"},
                      {"traefik.tcp.services.t.loadbalancer.server.port", "5432"}});
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
