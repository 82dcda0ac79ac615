#include "discovery/labels.hpp"

#include "model/rule.hpp"
#include "tests/support/labelled.hpp"

namespace lintel::discovery {
namespace {

using namespace test;

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

TEST(LintelLabels, TheContainerSpeaksWhatTheLabelSays)
{
    auto made = read({{"lintel.host", "a.example.com"}, {"lintel.scheme", " h2c"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(service(made, "a.example.com")->spec.scheme, model::scheme::h2c);
    auto wrong = read({{"lintel.host", "a.example.com"}, {"lintel.scheme", "h2"}});
    EXPECT_TRUE(only_problem(wrong, "lintel.scheme", "the scheme h2 is none"));
    EXPECT_NE(service(wrong, "a.example.com")->refusal, "");
}

TEST(LintelLabels, OptionsHoldForEveryRouterOfTheContainer)
{
    auto made = read({{"lintel.host", "a.example.com"},
                      {"traefik.http.routers.b.rule", "Host(`b.example.com`)"},
                      {"lintel.route.first_byte_timeout", " 0 "},
                      {"lintel.route.path", "as-is"}});
    EXPECT_EQ(problems_of(made), "");
    ASSERT_EQ(made.routers.size(), 3U);
    for (const auto& each : made.routers)
        EXPECT_EQ(each.spec.options, (model::option_texts{{"first_byte_timeout", "0"}, {"path", "as-is"}}))
            << each.name;
}

TEST(LintelLabels, AWrongOptionCostsItself)
{
    auto made = read({{"lintel.host", "a.example.com"},
                      {"lintel.route.first_byte_timeout", "soon"},
                      {"lintel.route.trcae", "allow"},
                      {"lintel.route.body_limit", "1MiB"}});
    auto problems = problems_of(made);
    EXPECT_TRUE(problems.contains("lintel.route.first_byte_timeout: first_byte_timeout: soon is not a duration"))
        << problems;
    EXPECT_TRUE(problems.contains("lintel.route.trcae: trcae is unknown; did you mean trace?; ignored")) << problems;
    EXPECT_EQ(router(made, "a.example.com")->spec.options, (model::option_texts{{"body_limit", "1MiB"}}));
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

TEST(LintelLabels, HstsIsSaidByEveryRouterOverTls)
{
    for (auto [label, value] :
         {std::pair("true", "max-age=31536000"), std::pair("5m", "max-age=300"), std::pair("0", "max-age=0"),
          std::pair("false", ""),
          std::pair("true, includesubdomains, Preload", "max-age=31536000; includeSubDomains; preload")}) {
        auto made = read({{"lintel.host", "a.example.com"}, {"lintel.hsts", label}});
        EXPECT_EQ(problems_of(made), "");
        EXPECT_EQ(router(made, "a.example.com")->spec.strict_transport_security, value) << label;
        EXPECT_EQ(router(made, "a.example.com-redirect")->spec.strict_transport_security, "");
    }
    EXPECT_TRUE(
        only_problem(read({{"lintel.host", "a.b"}, {"lintel.hsts", "ture"}}), "lintel.hsts", "did you mean true?"));
    auto typo = read({{"lintel.host", "a.b"}, {"lintel.hsts", "true, includeSubDomain"}});
    EXPECT_TRUE(only_problem(typo, "lintel.hsts", "did you mean includeSubDomains?"));
    EXPECT_EQ(router(typo, "a.b")->spec.strict_transport_security, "max-age=31536000");
}

TEST(LintelLabels, OneHostOfAPairIsServedAndTheOtherSentToIt)
{
    for (const auto* host : {"example.com", "www.example.com", "example.com, www.example.com"}) {
        auto made = read({{"lintel.host", host}, {"lintel.redirect", "non-www"}});
        EXPECT_EQ(problems_of(made), "");
        ASSERT_EQ(made.routers.size(), 3U);
        EXPECT_EQ(made.routers[0].spec.rule, "Host(`example.com`)");
        EXPECT_EQ(made.routers[0].spec.canonical_host, "");
        EXPECT_EQ(made.routers[1].spec.rule, "Host(`www.example.com`)");
        EXPECT_EQ(made.routers[1].spec.canonical_host, "example.com");
        EXPECT_EQ(made.routers[1].spec.service, "");
        EXPECT_EQ(made.routers[1].spec.entrypoints, std::vector<std::string>{"https"});
        EXPECT_EQ(made.routers[2].spec.rule, "Host(`example.com`) || Host(`www.example.com`)");
        EXPECT_TRUE(made.routers[2].spec.redirect_to_https);
    }
    auto www = read({{"lintel.host", "example.com"}, {"lintel.redirect", "www"}});
    EXPECT_EQ(www.routers.at(0).spec.rule, "Host(`www.example.com`)");
    EXPECT_EQ(www.routers.at(1).spec.canonical_host, "www.example.com");
}

TEST(LintelLabels, AllHostsMayBeSentToOne)
{
    auto made = read({{"lintel.host", "a.org, example.com, *.example.com"}, {"lintel.redirect", "Example.com"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(made.routers.at(0).spec.rule, "Host(`example.com`) || Host(`*.example.com`)");
    EXPECT_EQ(made.routers.at(1).spec.rule, "Host(`a.org`)");
    EXPECT_EQ(made.routers.at(1).spec.canonical_host, "example.com");
}

TEST(LintelLabels, ARedirectThatIsWrongServesAllHosts)
{
    for (auto [label, words] : {std::pair("nonwww", "did you mean non-www?"),
                                std::pair("other.org", "none of the hosts"), std::pair("ü", "write it like")}) {
        auto made = read({{"lintel.host", "example.com"}, {"lintel.redirect", label}});
        EXPECT_TRUE(only_problem(made, "lintel.redirect", words)) << label;
        EXPECT_EQ(made.routers.size(), 2U);
    }
    EXPECT_TRUE(only_problem(read({{"lintel.redirect", "www"}}), "lintel.redirect", "no effect without lintel.host"));
}

}  // namespace
}  // namespace lintel::discovery
