// What routers say about certificates, in labels and files, and what merge() makes of it.

#include "discovery/certificate_terms.hpp"

#include "discovery/file_provider.hpp"
#include "discovery/merge.hpp"
#include "tests/support/labelled.hpp"

namespace lintel::discovery {
namespace {

using namespace test;
using names = std::vector<std::string>;
using domains = std::vector<names>;

const std::vector<model::entrypoint> listening{{.name = "http", .address = ":80"},
                                               {.name = "https", .address = ":443", .tls = true}};

fragment traefik(label_map labels)
{
    label_map all{{"traefik.http.routers.r.rule", "Host(`a.example.com`)"}};
    for (auto& [field, value] : labels) all["traefik.http.routers.r." + field] = value;
    return read(all);
}

fragment in_file(const std::string& router)
{
    auto made = read_routes("http:\n  routers:\n    r:\n      service: s\n      " + router +
                                "\n  services: {s: {loadBalancer: {servers: [{url: 'http://a'}]}}}\n",
                            "/r/a.yml");
    return made ? *made : fragment{};
}

merged merge_one(const fragment& from) { return merge({{from.source, from}}, listening); }

TEST(CertificateTerms, AreReadFromTraefiksLabels)
{
    auto made = traefik({{"tls.certResolver", " le "},
                         {"tls.domains[1].main", "*.Example.com"},
                         {"tls.domains[1].sans", "example.com, b.example.com,example.com."},
                         {"tls.domains[0].sans", "192.0.2.1"},
                         {"TLS.Domains[2].Main", "2001:DB8::1"}});
    EXPECT_EQ(problems_of(made), "");
    const auto& terms = router(made, "r")->certificate;
    EXPECT_EQ(terms.resolver, "le");
    EXPECT_EQ(terms.domains,
              (domains{{"192.0.2.1"}, {"*.example.com", "example.com", "b.example.com"}, {"2001:db8::1"}}));
}

TEST(CertificateTerms, ANameThatIsNoneCostsItsCertificate)
{
    for (const auto* wrong : {"b c", "ü.example.com", "a.example.com:443", "*", "a.*.example.com", "https://a", "-."}) {
        auto made = traefik({{"tls.domains[0].main", "a.example.com"},
                             {"tls.domains[0].sans", wrong},
                             {"tls.domains[1].main", "b.example.com"}});
        EXPECT_TRUE(only_problem(made, "traefik.http.routers.r.tls.domains[0].main", "is not a name for a certificate"))
            << wrong;
        EXPECT_EQ(router(made, "r")->certificate.domains, domains{{"b.example.com"}}) << wrong;
    }
}

TEST(CertificateTerms, KeysThatNobodyKnowsAreReported)
{
    for (const auto* key : {"tls.domains[0].mian", "tls.domains.main", "tls.domains[x].main", "tls.domains[0]",
                            "tls.domains", "tls.domains[].main", "tls.domains[0"}) {
        auto made = traefik({{key, "a.example.com"}});
        EXPECT_TRUE(only_problem(made, std::string("traefik.http.routers.r.") + key, "domains[0].main")) << key;
        EXPECT_TRUE(router(made, "r")->certificate.domains.empty()) << key;
    }
    EXPECT_TRUE(only_problem(traefik({{"tls.domain[0].main", "a"}}), "traefik.http.routers.r.tls.domain[0].main",
                             "unknown label"));
}

TEST(CertificateTerms, AreReadFromFiles)
{
    auto made = in_file(R"(rule: Host(`a`)
      tls:
        certResolver: le
        domains:
          - main: Example.com
            sans: [www.example.com]
          - sans: a.example.com, b.example.com
          - {Main: c.example.com})");
    EXPECT_EQ(problems_of(made), "");
    const auto& terms = router(made, "r")->certificate;
    EXPECT_EQ(terms.resolver, "le");
    EXPECT_EQ(terms.domains,
              (domains{{"example.com", "www.example.com"}, {"a.example.com", "b.example.com"}, {"c.example.com"}}));
}

TEST(CertificateTerms, InFilesAWrongEntryCostsItself)
{
    auto made = in_file(R"(rule: Host(`a`)
      tls:
        domains:
          - main: "a b"
          - {mian: a.example.com, main: b.example.com}
          - c.example.com
          - {})");
    EXPECT_EQ(router(made, "r")->certificate.domains, domains{{"b.example.com"}});
    EXPECT_EQ(problems_of(made),
              "/r/a.yml:8:13: \"a b\" is not a name for a certificate; this certificate is left out\n"
              "/r/a.yml:9:14: unknown key mian, ignored; did you mean main?\n"
              "/r/a.yml:10:13: domains is a list of {main: NAME, sans: [NAME, …]}; this entry is "
              "ignored\n"
              "/r/a.yml:11:13: it names no host; this certificate is left out\n");
    for (const auto* shape : {"{main: a.example.com}", "a.example.com"}) {
        auto other = in_file("rule: Host(`a`)\n      tls: {domains: " + std::string(shape) + "}");
        EXPECT_TRUE(problems_of(other).contains("domains is a list of")) << shape << problems_of(other);
        EXPECT_TRUE(router(other, "r")->certificate.domains.empty());
    }
}

TEST(CertificateTerms, AreMergedByTheIdOfTheirRouter)
{
    auto made = read({{"traefik.http.routers.r.rule", "Host(`a.example.com`)"},
                      {"traefik.http.routers.r.tls.certresolver", "le"},
                      {"traefik.http.routers.plain.rule", "Host(`b.example.com`)"},
                      {"traefik.http.routers.plain.tls", "true"},
                      {"traefik.http.services.s.loadbalancer.server.port", "80"},
                      {"traefik.tcp.services.s.loadbalancer.server.port", "80"},
                      {"traefik.tcp.routers.r.rule", "HostSNI(`c.example.com`)"},
                      {"traefik.tcp.routers.r.tls.domains[0].main", "*.example.com"},
                      {"traefik.tcp.routers.through.rule", "HostSNI(`d.example.com`)"},
                      {"traefik.tcp.routers.through.tls.certresolver", "le"},
                      {"traefik.tcp.routers.through.tls.passthrough", "true"}});
    auto all = merge_one(made);
    EXPECT_TRUE(all.problems.empty()) << all.problems.front().what;
    const terms_by_router http{{"docker:r", {"le", {}, made.source + ": router r"}}};
    const terms_by_router tcp{{"docker:r", {"", {{"*.example.com"}}, made.source + ": TCP router r"}}};
    EXPECT_EQ(all.certificate_terms, http);
    EXPECT_EQ(all.tcp_certificate_terms, tcp) << "what passes through has the app's certificates";
}

TEST(CertificateTerms, OfTheNewestReleaseCount)
{
    auto old = traefik({{"tls.certresolver", "old"}}), young = traefik({{"tls.certresolver", "young"}});
    young.source = "container young";
    young.since = old.since + 1;
    auto all = merge({{"a", old}, {"b", young}}, listening);
    ASSERT_EQ(all.certificate_terms.size(), 1U);
    EXPECT_EQ(all.certificate_terms.begin()->second.resolver, "young");
    ASSERT_FALSE(all.problems.empty());
    EXPECT_TRUE(all.problems.front().what.contains("declared otherwise by container young"));
}

TEST(Ask, IsForTheRouterOfAnyHost)
{
    auto made =
        read({{"lintel.host", "*"}, {"lintel.path", "/a/"}, {"lintel.tls.ask", " http://app:8080/allowed?x=1 "}});
    EXPECT_EQ(problems_of(made), "");
    const auto* served = router(made, "*~a");
    ASSERT_TRUE(served);
    EXPECT_EQ(served->spec.rule, "Host(`*`) && (Path(`/a`) || PathPrefix(`/a/`))");
    EXPECT_EQ(served->spec.ask, "http://app:8080/allowed?x=1");
    EXPECT_LT(served->spec.priority, 0) << "after every rule that names the host";
    EXPECT_EQ(router(made, "*~a-redirect")->spec.ask, "") << "nothing is served there";
    EXPECT_EQ(merge_one(made).desired.routers.at("docker:*~a").ask, "http://app:8080/allowed?x=1");
}

TEST(Ask, IsGivenToTraefiksRoutersThatNameNoHost)
{
    auto made = read({{"lintel.tls.ask", "https://[::1]:8443/"},
                      {"traefik.http.routers.any.rule", "PathPrefix(`/`)"},
                      {"traefik.http.routers.any.tls", "true"},
                      {"traefik.http.routers.one.rule", "Host(`a.example.com`) || PathPrefix(`/x`)"}});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(router(made, "any")->spec.ask, "https://[::1]:8443/");
    EXPECT_EQ(router(made, "one")->spec.ask, "");
}

TEST(Ask, IsRefusedWhereHostsAreNamed)
{
    auto labelled = read({{"lintel.host", "*.example.com"}, {"lintel.tls.ask", "http://app/"}});
    EXPECT_TRUE(only_problem(labelled, "lintel.tls.ask", "only a router for any host asks"));
    auto filed = in_file("rule: Host(`a`)\n      lintel: {ask: 'http://app/'}");
    EXPECT_TRUE(only_problem(filed, "/r/a.yml:6:16", "only a router for any host asks"));
    for (const auto& each : {labelled, filed}) EXPECT_EQ(each.routers.at(0).spec.ask, "");
}

TEST(Ask, IsAUrlThatCanBeAsked)
{
    for (const auto* wrong : {"", "app:8080", "ftp://app/", "http:///x", "http://user:secret@app/", "http://app/#x",
                              "http://app/ x", "http://app:0/"}) {
        auto made = read({{"lintel.host", "*"}, {"lintel.tls.ask", wrong}});
        EXPECT_TRUE(only_problem(made, "lintel.tls.ask", "is not a URL that can be asked")) << wrong;
        EXPECT_EQ(made.routers.at(0).spec.ask, "") << wrong;
    }
}

TEST(Ask, IsReadFromFilesBesideTheOptions)
{
    auto made = in_file("rule: PathPrefix(`/`)\n      lintel: {ask: 'http://app/', path: as-is}");
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(router(made, "r")->spec.ask, "http://app/");
    EXPECT_EQ(router(made, "r")->spec.options, (model::option_texts{{"path", "as-is"}}));
    EXPECT_TRUE(
        only_problem(in_file("rule: PathPrefix(`/`)\n      lintel: {ask: app}"), "/r/a.yml:6:16", "can be asked"));
}

TEST(Ask, GoesWithTheRouterThatIsClosed)
{
    auto made = in_file("rule: PathPrefix(`/`)\n      middlewares: [auth]\n      lintel: {ask: 'http://app/'}");
    auto all = merge_one(made);
    EXPECT_FALSE(all.desired.routers.at("file:r").refusal.empty());
    EXPECT_EQ(all.desired.routers.at("file:r").ask, "");
}

}  // namespace
}  // namespace lintel::discovery
