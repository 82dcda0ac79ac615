#include "base/file.hpp"
#include "discovery/file_provider.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/local_ca.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

checked<fragment> read(std::string_view yaml) { return read_routes(yaml, "/etc/lintel/routes/a.yml"); }

std::string problems_of(const fragment& from)
{
    std::string all;
    for (const auto& [where, what] : from.problems) all += where + ": " + what + '\n';
    return all;
}

const declared_router* router(const fragment& from, std::string_view name)
{
    auto found = std::ranges::find(from.routers, name, &declared_router::name);
    return found == from.routers.end() ? nullptr : &*found;
}

/// What Dokploy writes for an application, without its middlewares.
constexpr std::string_view dokploy = R"(http:
  routers:
    blog-router-1:
      rule: Host(`a.example.com`) && PathPrefix(`/p`)
      service: blog-service-1
      entryPoints:
        - web
    blog-router-websecure-1:
      rule: Host(`a.example.com`)
      service: blog-service-1
      middlewares: []
      entryPoints: [websecure]
      tls:
        certResolver: letsencrypt
  services:
    blog-service-1:
      loadBalancer:
        servers:
          - url: http://blog:3000
          - url: http://[2001:db8::1]/
        passHostHeader: true
)";

TEST(RoutesYaml, ATypicalFileIsReadWhole)
{
    auto made = read(dokploy);
    ASSERT_TRUE(made) << made.error().where << made.error().what;
    EXPECT_EQ(problems_of(*made), "");
    EXPECT_EQ(made->provider, "file");
    EXPECT_EQ(made->app, "");
    EXPECT_EQ(made->source, "file /etc/lintel/routes/a.yml");
    ASSERT_EQ(made->routers.size(), 2U);
    const auto* clear = router(*made, "blog-router-1");
    EXPECT_EQ(clear->spec.rule, "Host(`a.example.com`) && PathPrefix(`/p`)");
    EXPECT_EQ(clear->spec.service, "blog-service-1");
    EXPECT_EQ(clear->spec.entrypoints, std::vector<std::string>{"web"});
    EXPECT_FALSE(clear->tls);
    EXPECT_TRUE(router(*made, "blog-router-websecure-1")->tls);

    ASSERT_EQ(made->services.size(), 1U);
    EXPECT_TRUE(made->services[0].spec.pass_host);
    EXPECT_EQ(made->services[0].spec.endpoints,
              (std::vector<std::string>{"http://blog:3000", "http://[2001:db8::1]/"}));
    ASSERT_EQ(made->endpoints.size(), 2U);
    EXPECT_EQ(made->endpoints[0].name, "http://blog:3000");
    EXPECT_EQ(made->endpoints[0].spec.host, "blog");
    EXPECT_EQ(made->endpoints[0].spec.port, 3000);
    EXPECT_EQ(made->endpoints[1].spec.host, "2001:db8::1");
    EXPECT_EQ(made->endpoints[1].spec.port, 80);
}

TEST(RoutesYaml, ARouterHasOptionsOfOurs)
{
    auto made = read(R"(http:
  routers:
    r:
      rule: Host(`a`)
      service: s
      lintel: {first_byte_timeout: 0, path: as-is, head_timeout: 1s}
  services: {s: {loadBalancer: {servers: [{url: "http://a"}]}}}
)");
    ASSERT_TRUE(made);
    EXPECT_EQ(
        problems_of(*made),
        "/etc/lintel/routes/a.yml:6:52: head_timeout can't be set for a route; set it for an entrypoint or for all; "
        "ignored\n");
    EXPECT_EQ(router(*made, "r")->spec.options, (model::option_texts{{"first_byte_timeout", "0"}, {"path", "as-is"}}));
}

TEST(RoutesYaml, NothingIsNoRoutes)
{
    for (auto text : {"", "\n", "# later\n", "---\n", "http:\n", "http: {}\n", "http:\n  routers:\n"}) {
        auto made = read(text);
        ASSERT_TRUE(made) << text;
        EXPECT_TRUE(made->routers.empty());
        EXPECT_EQ(problems_of(*made), "");
    }
}

TEST(RoutesYaml, ASyntaxErrorIsTheProblemWithItsPlace)
{
    auto made = read("http:\n  routers:\n    r: [\n");
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().where.starts_with("/etc/lintel/routes/a.yml:4:")) << made.error().where;
    for (auto text : {"a: b: c", "\t- x", "{", "'", "*nobody", "&a [*a", "!!binary [", "\xff\xfe\x00"}) {
        auto any = read(text);
        EXPECT_TRUE(any || !any.error().what.empty()) << text;  // whatever it says, it does not crash
    }
}

TEST(RoutesYaml, AnchorsThatMakeAFileEndlessCostTheirRouterAlone)
{
    auto made = read(R"(http:
  routers:
    r:
      rule: Host(`a`)
      service: s
      tls: &t {a: *t, b: *t, c: *t, d: *t}
)");
    if (made) EXPECT_LE(made->problems.size(), 300U);
}

TEST(RoutesYaml, TlsIsWantedUnlessItIsPlainlyOff)
{
    struct row {
        const char* tls;
        bool expected;
    };
    for (auto [tls, expected] : {row{"tls: {}", true}, row{"tls:", true}, row{"tls: true", true},
                                 row{"tls: false", false}, row{"tls: {certResolver: le}", true},
                                 row{"tls: {domains: [{main: a, sans: [b]}]}", true}, row{"priority: 3", false}}) {
        auto made = read(std::string("http: {routers: {r: {rule: Host(`a`), service: s, ") + tls + "}}}");
        ASSERT_TRUE(made) << tls;
        EXPECT_EQ(router(*made, "r")->tls, expected) << tls;
        EXPECT_EQ(problems_of(*made), "") << tls;
    }
}

TEST(RoutesYaml, AWrongKeyCostsItselfAndNamesItsPlace)
{
    struct row {
        const char* yaml;
        const char* where;
        const char* words;
    };
    for (auto [yaml, where, words] : {
             row{"htp:\n  routers: {}\n", "1:1", "did you mean http?"},
             row{"http:\n  router: {}\n", "2:3", "did you mean routers?"},
             row{"http:\n  routers:\n    r: {rule: Host(`a`), service: s, entrypoint: [web]}\n", "3:38",
                 "did you mean entrypoints?"},
             row{"http:\n  routers:\n    r: {rule: Host(`a`), service: s, priority: high}\n", "3:48",
                 "not a whole number"},
             row{"http:\n  routers:\n    r@x: {rule: Host(`a`), service: s}\n", "3:5", "a name has no @"},
             row{"http:\n  routers: [a]\n", "2:12", "keys with values"},
             row{"http:\n  routers:\n    r: yes\n", "3:8", "keys with values"},
             row{"http:\n  routers:\n    r: {service: s}\n", "3:8", "has no rule"},
             row{"http:\n  routers:\n    r: {rule: Host(`a`)}\n", "3:8", "has no service"},
             row{"http:\n  routers:\n    r: {rule: 'Host(`a`', service: s}\n", "3:15",
                 "column 9 of the rule: expected )"},
             row{"http:\n  routers:\n    r: {rule: [a], service: s}\n", "3:15", "one value is expected"},
             row{"http:\n  routers:\n    r: {rule: Host(`a`), service: s, ruleSyntax: v2}\n", "3:38", "left out"},
             row{"http:\n  middlewares:\n    auth: {basicAuth: {users: ['u:p']}}\n", "3:5",
                 "a router that names auth is closed"},
             row{"http:\n  serversTransports: {t: {rootCA: x}}\n", "2:27", "did you mean rootcas?"},
             row{"udp:\n  routers: {}\n", "1:1", "not supported yet"},
             row{"tcp:\n  router: {}\n", "2:3", "did you mean routers?"},
             row{"tls:\n  stores: {other: {}}\n", "2:12", "there is only the store default"},
             row{"tls:\n  stores: {default: {defaultGeneratedCert: {resolver: le}}}\n", "2:22", "not supported yet"},
             row{"tls:\n  certificate: []\n", "2:3", "did you mean certificates?"},
             row{"tls:\n  certificates: [{certFile: a.pem}]\n", "2:29", "can't read /etc/lintel/routes/a.pem"},
             row{"tls:\n  certificates: [{stores: [default]}]\n", "2:18", "has a certFile and a keyFile"},
         }) {
        auto made = read(yaml);
        ASSERT_TRUE(made) << yaml;
        bool right = std::ranges::any_of(made->problems, [&](const problem& each) {
            return each.where == std::string("/etc/lintel/routes/a.yml:") + where && each.what.contains(words);
        });
        EXPECT_TRUE(right) << yaml << problems_of(*made);
    }
}

TEST(RoutesYaml, AWrongServerCostsItselfOrClosesItsService)
{
    struct row {
        const char* service;
        const char* words;
        std::size_t endpoints;
        bool closed;
    };
    for (auto [service, words, endpoints, closed] : {
             row{"loadBalancer: {servers: [{url: 'http://a'}, {url: 'http://b:1/path'}]}", "has a path", 1, false},
             row{"loadBalancer: {servers: [{url: 'http://a'}, {url: 'a:80'}]}", "not a server's URL", 1, false},
             row{"loadBalancer: {servers: [{url: 'http://a:0'}]}", "not a server's URL", 0, false},
             row{"loadBalancer: {servers: [{url: 'http://u:p@a'}]}", "not a server's URL", 0, false},
             row{"loadBalancer: {servers: [{ur: 'http://a'}]}", "did you mean url?", 0, false},
             row{"loadBalancer: {servers: [{url: 'http://a', weight: 2}]}", "weight is not supported yet", 1, false},
             row{"loadBalancer: {server: [{url: 'http://a'}]}", "did you mean loadBalancer.servers?", 0, false},
             row{"loadBalancer: {servers: [{url: 'http://a'}], sticky: {cookie: {}}}",
                 "sticky.cookie is not supported yet", 1, false},
             row{"loadBalancer: {servers: [{url: 'http://a'}], passHostHeader: maybe}", "neither true nor false", 1,
                 false},
             row{"loadBalancer: {servers: [{url: 'https://a'}, {url: 'http://b'}]}", "all have the same scheme", 1,
                 true},
             row{"loadBalancer: {servers: [{url: 'h2c://a'}, {url: 'http://b'}]}", "all have the same scheme", 1, true},
             row{"loadBalancer: {servers: [{url: 'h2://a'}]}", "scheme h2 is none", 0, true},
             row{"weighted: {services: [{name: a, weight: 1}]}", "without loadBalancer", 0, true},
             row{"{middlewares: [auth], loadBalancer: {servers: [{url: 'http://a'}]}}", "middleware auth", 1, true},
         }) {
        auto text = std::string("http:\n  services:\n    s:\n      ") + service + '\n';
        auto made = read(text);
        ASSERT_TRUE(made) << text << made.error().what;
        EXPECT_NE(problems_of(*made).find(words), std::string::npos) << text << problems_of(*made);
        ASSERT_EQ(made->services.size(), 1U) << text;
        EXPECT_EQ(made->services[0].spec.endpoints.size(), endpoints) << text;
        EXPECT_EQ(!made->services[0].refusal.empty(), closed) << text;
    }
}

TEST(RoutesYaml, ARouterThatNamesWhatWeCanNotDoYetIsClosed)
{
    auto made = read(R"(http:
  routers:
    a: {rule: Host(`a`), service: s, middlewares: [auth, gzip@file]}
    b: {rule: Host(`b`), service: s, tls: {options: mtls}}
    c: {rule: Host(`c`), service: s, tls: {options: default}}
)");
    ASSERT_TRUE(made);
    EXPECT_TRUE(router(*made, "a")->spec.refusal.starts_with("middlewares auth, gzip@file are not supported yet"));
    EXPECT_EQ(router(*made, "a")->spec.service, "");
    EXPECT_EQ(router(*made, "b")->spec.tls_options, "mtls");
    EXPECT_EQ(router(*made, "c")->spec.refusal, "");
}

TEST(RoutesYaml, CertificatesAreReadFromFilesBesideOrFromTheTextItself)
{
    test::temporary_folder folder;
    test::temporary_folder authority;
    auto ca = tls::local_ca::open(authority.path());
    ASSERT_TRUE(ca) << ca.error().what;
    auto issued = ca->issue("a.example.com");
    ASSERT_TRUE(file::write_atomically(folder / "chain.pem", issued.chain_pem, 0644));
    ASSERT_TRUE(file::write_atomically(folder / "key.pem", issued.key_pem, 0644));
    auto made = read_routes("tls:\n  certificates:\n  - {certFile: chain.pem, keyFile: ./key.pem}\n", folder / "a.yml");
    ASSERT_TRUE(made);
    EXPECT_EQ(problems_of(*made), "");
    ASSERT_EQ(made->certificates.size(), 1U);
    EXPECT_EQ(made->certificates[0].name.size(), 64U);
    EXPECT_EQ(made->certificates[0].spec.names, std::vector<std::string>{"a.example.com"});
    EXPECT_EQ(made->certificates[0].spec.chain_pem, issued.chain_pem);
    EXPECT_EQ(made->certificates[0].spec.chain_file, folder / "chain.pem");

    auto other = ca->issue("b.example.com");
    ASSERT_TRUE(file::write_atomically(folder / "key.pem", other.key_pem, 0644));
    auto mismatch =
        read_routes("tls:\n  certificates:\n  - {certFile: chain.pem, keyFile: key.pem}\n", folder / "a.yml");
    ASSERT_TRUE(mismatch);
    EXPECT_TRUE(mismatch->certificates.empty());
    EXPECT_EQ(mismatch->problems.size(), 1U);
    EXPECT_EQ(problems_of(*mismatch).find("PRIVATE"), std::string::npos);
}

}  // namespace
}  // namespace lintel::discovery
