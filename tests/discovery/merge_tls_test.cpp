// What merge() makes of TLS options, transports and TCP routers.

#include "discovery/merge.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

using model::tcp_security;
using names = std::vector<std::string>;

const std::vector<model::entrypoint> listening{{.name = "http", .address = ":80"},
                                               {.name = "https", .address = ":443", .tls = true},
                                               {.name = "raw", .address = ":5432"}};

class MergeTls : public testing::Test {
protected:
    fragment& app(const std::string& name, std::int64_t since = 1)
    {
        auto& from = fragments[name];
        from.provider = "docker";
        from.app = name;
        from.source = "container " + name;
        from.since = since;
        if (from.services.empty()) from.services.push_back({.name = "s", .spec = service(from), .refusal = ""});
        if (from.tcp_services.empty()) from.tcp_services = from.services;
        return from;
    }

    fragment& file(const std::string& name = "a.yml")
    {
        auto& from = fragments[name];
        from.provider = "file";
        from.source = "file " + name;
        return from;
    }

    static model::service service(const fragment& from)
    {
        model::service made;
        made.source = from.source;
        return made;
    }

    static declared_router& http(fragment& from, const std::string& name, const std::string& rule,
                                 const std::string& options = "", const names& entrypoints = {"https"})
    {
        declared_router router;
        router.name = name;
        router.tls = entrypoints == names{"https"};
        router.spec.rule = rule;
        router.spec.entrypoints = entrypoints;
        router.spec.tls_options = options;
        router.spec.service = "s";
        router.spec.source = from.source;
        from.routers.push_back(router);
        return from.routers.back();
    }

    static declared_tcp_router& tcp(fragment& from, const std::string& name, const std::string& host,
                                    tcp_security security, const names& entrypoints = {"https"})
    {
        declared_tcp_router router;
        router.name = name;
        router.spec.names = {host};
        router.spec.priority = 10;
        router.spec.entrypoints = entrypoints;
        router.spec.security = security;
        router.spec.service = "s";
        router.spec.source = from.source;
        from.tcp_routers.push_back(router);
        return from.tcp_routers.back();
    }

    static void options(fragment& from, const std::string& name, const std::string& refusal = "", bool strict = false)
    {
        model::tls_options spec;
        spec.source = from.source;
        spec.strict_names = strict;
        from.tls_option_sets.push_back({name, spec, refusal});
    }

    model::snapshot& merged_now(const model::snapshot& before = {})
    {
        result = merge(fragments, listening, before);
        return result.desired;
    }

    testing::AssertionResult reports(std::string_view where, std::string_view words) const
    {
        std::string all;
        for (const auto& [place, what] : result.problems) {
            if (place == where && what.contains(words)) return testing::AssertionSuccess();
            all += place + ": " + what + '\n';
        }
        return testing::AssertionFailure() << "among:\n" << all;
    }

    std::map<std::string, fragment> fragments;
    merged result;
};

TEST_F(MergeTls, OptionsAreFoundByNameAndProvider)
{
    options(file(), "mtls");
    options(file(), "default");
    http(app("x"), "a", "Host(`a`)", "mtls@file");
    http(app("x"), "b", "Host(`b`)", "mtls");
    http(app("x"), "c", "Host(`c`)", "default");
    auto& made = merged_now();
    EXPECT_TRUE(result.problems.empty()) << result.problems.front().what;
    EXPECT_EQ(made.routers.at("docker:x/a").tls_options, "file:mtls");
    EXPECT_EQ(made.routers.at("docker:x/b").tls_options, "file:mtls");
    EXPECT_EQ(made.routers.at("docker:x/c").tls_options, "");
    EXPECT_TRUE(made.tls_option_sets.contains("file:mtls"));
    EXPECT_TRUE(made.tls_option_sets.contains("default"));
}

TEST_F(MergeTls, OptionsThatCanNotBeHadCloseTheirRouters)
{
    options(file(), "broken", "the TLS options broken can't be kept: x");
    options(file(), "twice");
    options(file("b.yml"), "twice", "", true);
    http(app("x"), "a", "Host(`a`)", "broken@file");
    http(app("x"), "b", "Host(`b`)", "missing@file");
    http(app("x"), "c", "Host(`c`)", "twice@file");
    tcp(app("x"), "d", "d", tcp_security::ended).spec.tls_options = "broken@file";
    auto& made = merged_now();
    EXPECT_TRUE(made.routers.at("docker:x/a").refusal.starts_with("the TLS options broken can't be kept"));
    EXPECT_TRUE(made.routers.at("docker:x/b").refusal.contains("missing@file does not exist"));
    EXPECT_TRUE(made.routers.at("docker:x/c").refusal.contains("declared differently by file a.yml and file b.yml"));
    EXPECT_TRUE(made.tcp_routers.at("docker:x/d").refusal.contains("broken"));
    for (const auto& [id, spec] : made.routers) EXPECT_EQ(spec.service + spec.tls_options, "") << id;
    EXPECT_FALSE(made.tls_option_sets.contains("file:broken"));
    EXPECT_TRUE(reports("container x: router b", "closed rather than served"));
}

TEST_F(MergeTls, ADefaultThatCanNotBeHadClosesWhatIsServedOverTls)
{
    options(file(), "default", "the TLS options default can't be kept: x");
    http(app("x"), "a", "Host(`a`)");
    http(app("x"), "b", "Host(`b`)", "", {"http"});
    auto& made = merged_now();
    EXPECT_NE(made.routers.at("docker:x/a").refusal, "");
    EXPECT_EQ(made.routers.at("docker:x/b").refusal, "");
}

TEST_F(MergeTls, RoutersOfOneHostHaveTheOptionsOfWhoCameFirst)
{
    options(file(), "mtls");
    options(file(), "strict");
    http(app("old", 1), "a", "Host(`a`)", "mtls@file");
    http(app("new", 2), "b", "Host(`a`) && PathPrefix(`/p`)");
    http(app("new", 2), "c", "Host(`a`) && PathPrefix(`/q`)", "mtls@file");
    http(app("new", 2), "d", "Host(`d`)", "strict@file");
    auto& made = merged_now();
    EXPECT_EQ(made.routers.at("docker:old/a").refusal, "");
    EXPECT_TRUE(made.routers.at("docker:new/b").refusal.contains("those of a on https are file:mtls by router a"));
    EXPECT_EQ(made.routers.at("docker:new/c").refusal, "");
    EXPECT_EQ(made.routers.at("docker:new/d").refusal, "");
    EXPECT_TRUE(reports("container new: router b", "this router is closed"));
}

TEST_F(MergeTls, AHostHasItsOptionsOnAllEntrypoints)
{
    options(file(), "mtls");
    http(app("old", 1), "a", "Host(`a`)");
    http(app("old", 1), "c", "Host(`c`)", "", {"http"});
    tcp(app("new", 2), "b", "a", tcp_security::ended, {"raw"}).spec.tls_options = "mtls@file";
    tcp(app("new", 2), "d", "c", tcp_security::ended, {"raw"}).spec.tls_options = "mtls@file";
    auto& made = merged_now();
    EXPECT_TRUE(made.tcp_routers.at("docker:new/b").refusal.contains("those of a on https are the default"));
    EXPECT_EQ(made.tcp_routers.at("docker:new/b").tls_options, "");
    EXPECT_EQ(made.tcp_routers.at("docker:new/d").refusal, "") << "http speaks no TLS";
    EXPECT_EQ(made.routers.at("docker:old/a").refusal, "");
}

TEST_F(MergeTls, OptionsOfNoHostCloseTheirRouter)
{
    options(file(), "mtls");
    http(app("x"), "a", "PathPrefix(`/a`)", "mtls@file");
    http(app("x"), "b", "PathPrefix(`/b`)");
    tcp(app("x"), "c", "*", tcp_security::ended, {"raw"}).spec.tls_options = "mtls@file";
    auto& made = merged_now();
    const auto& closed = made.routers.at("docker:x/a");
    EXPECT_TRUE(closed.refusal.contains("no host that a handshake could choose them by")) << closed.refusal;
    EXPECT_EQ(closed.service + closed.tls_options, "");
    EXPECT_EQ(made.routers.at("docker:x/b").refusal, "");
    EXPECT_EQ(made.tcp_routers.at("docker:x/c").refusal, closed.refusal);
    EXPECT_TRUE(reports("container x: router a", "name its hosts"));
    EXPECT_TRUE(reports("container x: TCP router c", "name its hosts"));
}

TEST_F(MergeTls, AHostWhoseOptionsCanNotBeHadIsNotServedOnOthers)
{
    http(app("x"), "a", "Host(`a`)", "missing@file");
    http(app("x"), "b", "Host(`a`) && PathPrefix(`/p`)");
    EXPECT_NE(merged_now().routers.at("docker:x/b").refusal, "");
}

TEST_F(MergeTls, TransportsAreFoundAndThoseThatCanNotBeHadCloseTheService)
{
    file().transports.push_back({"t", {}, ""});
    app("x").services[0].spec.transport = "t@file";
    http(app("x"), "a", "Host(`a`)");
    EXPECT_EQ(merged_now().services.at("docker:x/s").transport, "file:t");
    EXPECT_TRUE(result.desired.transports.contains("file:t"));

    app("x").services[0].spec.transport = "other@file";
    EXPECT_EQ(merged_now().services.at("docker:x/s").transport, "");
    EXPECT_TRUE(result.desired.routers.at("docker:x/a").refusal.contains("the transport other@file does not exist"));
}

TEST_F(MergeTls, TcpRoutersHaveServicesOfTheirOwn)
{
    http(app("x"), "a", "Host(`a`)");
    tcp(app("x"), "a", "b", tcp_security::passed_on);
    auto& made = merged_now();
    EXPECT_TRUE(result.problems.empty());
    EXPECT_EQ(made.routers.at("docker:x/a").service, "docker:x/s");
    EXPECT_EQ(made.tcp_routers.at("docker:x/a").service, "docker:x/s@tcp");
    EXPECT_TRUE(made.services.contains("docker:x/s@tcp"));
}

TEST_F(MergeTls, TcpRoutersAreOnEntrypointsThatSuitThem)
{
    tcp(app("x"), "any", "*", tcp_security::clear, {"raw", "http", "https"});
    tcp(app("x"), "nowhere", "*", tcp_security::clear, {});
    tcp(app("x"), "named", "a", tcp_security::passed_on, {});
    tcp(app("x"), "typo", "b", tcp_security::passed_on, {"rwa"});
    auto& made = merged_now();
    EXPECT_EQ(made.tcp_routers.at("docker:x/any").entrypoints, names{"raw"});
    EXPECT_EQ(made.tcp_routers.at("docker:x/named").entrypoints, names{"https"});
    EXPECT_EQ(made.tcp_routers.size(), 2U);
    EXPECT_TRUE(reports("container x: TCP router any", "http speaks HTTP"));
    EXPECT_TRUE(reports("container x: TCP router any", "https speaks TLS"));
    EXPECT_TRUE(reports("container x: TCP router nowhere", "names no entrypoint"));
    EXPECT_TRUE(reports("container x: TCP router typo", "did you mean raw?"));
}

TEST_F(MergeTls, AnEntrypointInClearTextIsHttpsOrTcpsWhicheverCameFirst)
{
    http(app("old", 1), "a", "Host(`a`)", "", {"raw"});
    tcp(app("new", 2), "b", "*", tcp_security::clear, {"raw"});
    EXPECT_TRUE(merged_now().tcp_routers.empty());
    EXPECT_TRUE(reports("container new: TCP router b", "all of it (HTTP) on raw is taken by router a"));
    app("old").since = 3;
    EXPECT_TRUE(merged_now().routers.empty());
    EXPECT_TRUE(reports("container old: router a", "all of it (TCP) on raw is taken by TCP router b"));
}

TEST_F(MergeTls, OneAppsNameIsNotTakenByAnothersTcpRouter)
{
    http(app("old", 1), "a", "Host(`a`) && PathPrefix(`/p`)");
    tcp(app("new", 2), "b", "a", tcp_security::passed_on);
    EXPECT_TRUE(merged_now().tcp_routers.empty());
    EXPECT_TRUE(reports("container new: TCP router b", "a on https is taken by router a"));
    app("old").since = 3;
    EXPECT_TRUE(merged_now().routers.empty());
    EXPECT_TRUE(reports("container old: router a", "a on https is taken by TCP router b"));
}

TEST_F(MergeTls, InsideAnAppTheTcpRouterTakesTheNameAndTheOtherIsTold)
{
    http(app("x"), "a", "Host(`a`)");
    tcp(app("x"), "b", "a", tcp_security::passed_on);
    auto& made = merged_now();
    EXPECT_EQ(made.routers.size() + made.tcp_routers.size(), 2U);
    EXPECT_TRUE(reports("container x: router a", "connections for a on https go to TCP router b"));
}

TEST_F(MergeTls, TheFirstDefaultCertificateCounts)
{
    model::certificate certificate;
    certificate.is_default = true;
    file("a.yml").certificates.push_back({"1", certificate});
    file("b.yml").certificates.push_back({"2", certificate});
    auto& made = merged_now();
    EXPECT_TRUE(made.certificates.at("1").is_default);
    EXPECT_FALSE(made.certificates.at("2").is_default);
    EXPECT_TRUE(reports("file b.yml: the default certificate", "another file"));
}

}  // namespace
}  // namespace lintel::discovery
