#include "acme/local_issuer.hpp"

#include "tests/support/tiny_server.hpp"
#include "tls/certificate.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <fstream>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

const std::vector<model::entrypoint> entrypoints{{.name = "http", .address = ":80"},
                                                 {.name = "https", .address = ":443", .tls = true}};

class LocalIssuer : public testing::Test {
protected:
    static model::router router(const std::string& rule, const char* entrypoint = "https")
    {
        model::router made;
        made.rule = rule;
        made.entrypoints = {entrypoint};
        return made;
    }

    /// The certificates that `wanted` gets, by the names that they have.
    std::map<std::string, std::string> provide(local_issuer& issuer, model::snapshot wanted,
                                               wall_clock::time_point when)
    {
        issuer.provide(wanted, entrypoints, when);
        std::map<std::string, std::string> ids;
        for (const auto& [id, spec] : wanted.certificates) {
            EXPECT_EQ(spec.names.size(), 1U);
            ids[spec.names.front()] = id;
        }
        return ids;
    }

    test::temporary_folder folder;
    local_issuer issuer = local_issuer::open(folder.path()).value();
    wall_clock::time_point now = wall_clock::now();
};

TEST_F(LocalIssuer, MakesOneCertificateForEachHostOnTls)
{
    model::snapshot wanted;
    wanted.routers["1"] = router("Host(`a.example`) || Host(`b.example`) && PathPrefix(`/x`)");
    wanted.routers["2"] = router("Host(`a.example`) && Path(`/y`)");
    wanted.routers["3"] = router("Host(`clear.example`)", "http");
    wanted.routers["4"] = router("Host(`*.wild.example`) || Host(`*`)");
    wanted.routers["5"] = router("PathPrefix(`/`)");
    wanted.routers["6"] = router("not a rule");
    auto ids = provide(issuer, wanted, now);
    ASSERT_EQ(ids.size(), 3U);
    for (const char* host : {"a.example", "b.example", "*.wild.example"}) EXPECT_TRUE(ids.contains(host)) << host;
    EXPECT_EQ(provide(issuer, wanted, now), ids) << "the same ones again";
}

TEST_F(LocalIssuer, MakesWholeCertificatesThatAreFallbacks)
{
    model::snapshot wanted;
    wanted.routers["1"] = router("Host(`a.example`)");
    issuer.provide(wanted, entrypoints, now);
    ASSERT_EQ(wanted.certificates.size(), 1U);
    const auto& [id, spec] = *wanted.certificates.begin();
    auto facts = tls::inspect_certificate(spec.chain_pem, spec.key_pem);
    ASSERT_TRUE(facts) << facts.error().what;
    EXPECT_EQ(facts->fingerprint, id);
    EXPECT_TRUE(spec.fallback);
    struct stat what{};
    ASSERT_EQ(::stat(spec.key_file.c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777, 0600U);
}

TEST_F(LocalIssuer, MakesNoneForHostsThatAreCovered)
{
    model::snapshot wanted;
    wanted.certificates["mine"].names = {"a.example", "*.b.example"};
    for (const char* host : {"a.example", "x.b.example", "*.b.example"})
        wanted.routers[host] = router("Host(`" + std::string(host) + "`)");
    issuer.provide(wanted, entrypoints, now);
    EXPECT_EQ(wanted.certificates.size(), 1U);
    wanted.routers["deep"] = router("Host(`x.y.b.example`)");
    issuer.provide(wanted, entrypoints, now);
    EXPECT_EQ(wanted.certificates.size(), 2U) << "a wildcard is one label";
}

TEST_F(LocalIssuer, UsesItsCertificatesAgainAfterARestart)
{
    model::snapshot wanted;
    for (const char* host : {"a.example", "*.wild.example", "[::1]", "10.0.0.1"})
        wanted.routers[host] = router("Host(`" + std::string(host) + "`)");
    auto before = provide(issuer, wanted, now);
    EXPECT_EQ(before.size(), 4U);
    auto again = local_issuer::open(folder.path()).value();
    EXPECT_EQ(provide(again, wanted, now), before);
}

TEST_F(LocalIssuer, RenewsThirtyDaysBeforeTheEnd)
{
    model::snapshot wanted;
    wanted.routers["1"] = router("Host(`a.example`)");
    auto first = provide(issuer, wanted, now);
    EXPECT_EQ(provide(issuer, wanted, now + 59 * 24h), first);
    auto renewed = provide(issuer, wanted, now + 61 * 24h);
    ASSERT_EQ(renewed.size(), 1U);
    EXPECT_NE(renewed, first);
}

TEST_F(LocalIssuer, MakesOneForTheNamesOfTcpRoutersWhereTlsEnds)
{
    model::snapshot wanted;
    using enum model::tcp_security;
    for (auto [id, security] : {std::pair("ended", ended), std::pair("passed", passed_on), std::pair("clear", clear)}) {
        wanted.tcp_routers[id].names = {std::string(id) + ".example", "*"};
        wanted.tcp_routers[id].security = security;
        wanted.tcp_routers[id].entrypoints = {"raw"};
    }
    auto ids = provide(issuer, wanted, now);
    ASSERT_EQ(ids.size(), 1U);
    EXPECT_TRUE(ids.contains("ended.example"));
}

TEST_F(LocalIssuer, KeepsTheCertificateOfALostHostForADay)
{
    model::snapshot wanted;
    wanted.routers["1"] = router("Host(`a.example`)");
    auto with = provide(issuer, wanted, now);
    EXPECT_EQ(provide(issuer, {}, now + 23h), with);
    EXPECT_TRUE(provide(issuer, {}, now + 25h).empty());
    EXPECT_TRUE(std::filesystem::is_empty(folder / "issued"));
}

TEST_F(LocalIssuer, KeepsHostsApartWhoseFilesCouldBeOne)
{
    model::snapshot wanted;
    wanted.routers["1"] = router("Host(`*.example`)");
    wanted.routers["2"] = router("Host(`_wildcard.example`)");
    auto before = provide(issuer, wanted, now);
    EXPECT_EQ(before.size(), 2U);
    auto again = local_issuer::open(folder.path()).value();
    EXPECT_EQ(provide(again, wanted, now), before) << "each has a file of its own";
}

TEST_F(LocalIssuer, PassesOverFilesThatAreNotItsOwn)
{
    test::temporary_folder other;
    auto stranger = local_issuer::open(other.path()).value();
    model::snapshot wanted;
    wanted.routers["1"] = router("Host(`a.example`)");
    auto theirs = provide(stranger, wanted, now);
    std::filesystem::copy(other / "issued", folder / "issued");
    std::ofstream(folder / "issued/nonsense.pem") << "nonsense";
    auto again = local_issuer::open(folder.path()).value();
    EXPECT_NE(provide(again, wanted, now), theirs) << "another CA made it";
}

}  // namespace
}  // namespace lintel::acme
