#include "acme/local_issuer.hpp"

#include "store/sqlite_records.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/certificate.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

/// One run of control on a state folder.
struct a_run {
    explicit a_run(const std::filesystem::path& state)
        : records(vault::open(store::open_records(state).value()).value())
    {
        issuer.emplace(local_issuer::open(state, records, served).value());
        note(served.take_changes());
    }

    /// The certificates that are served once `hosts` have been provided for, by the first of their names.
    std::map<std::string, std::string> provide(const std::vector<std::string>& hosts, wall_clock::time_point when)
    {
        issuer->provide(hosts, when);
        note(served.take_changes());
        issuer->save();
        std::map<std::string, std::string> ids;
        for (const auto& [id, spec] : now_served) ids[spec.names.front()] = id;
        return ids;
    }

    void note(shelf::changes what)
    {
        for (const auto& id : what.remove) now_served.erase(id);
        for (auto& [id, spec] : what.upsert) now_served.insert_or_assign(id, std::move(spec));
    }

    vault records;
    shelf served;
    std::optional<local_issuer> issuer;
    model::objects<model::certificate> now_served;
};

class LocalIssuer : public testing::Test {
protected:
    test::temporary_folder folder;
    wall_clock::time_point now = wall_clock::now();
};

TEST_F(LocalIssuer, MakesWholeCertificatesThatAreFallbacks)
{
    a_run run(folder.path());
    auto ids = run.provide({"a.example"}, now);
    ASSERT_EQ(ids.size(), 1U);
    const auto& [id, spec] = *run.now_served.begin();
    auto facts = tls::inspect_certificate(spec.chain_pem, spec.key_pem);
    ASSERT_TRUE(facts) << facts.error().what;
    EXPECT_EQ(facts->fingerprint, id);
    EXPECT_EQ(facts->names, std::vector<std::string>{"a.example"});
    EXPECT_TRUE(spec.fallback);
    EXPECT_EQ(run.provide({"a.example"}, now), ids) << "the same one again";
}

TEST_F(LocalIssuer, UsesItsCertificatesAgainAfterARestart)
{
    std::vector<std::string> hosts{"a.example", "*.wild.example", "[::1]", "10.0.0.1"};
    auto before = a_run(folder.path()).provide(hosts, now);
    EXPECT_EQ(before.size(), 4U);
    a_run again(folder.path());
    EXPECT_EQ(again.now_served.size(), 4U) << "served before anybody asked for them";
    EXPECT_EQ(again.provide(hosts, now), before);
}

TEST_F(LocalIssuer, RenewsThirtyDaysBeforeTheEnd)
{
    a_run run(folder.path());
    auto first = run.provide({"a.example"}, now);
    EXPECT_EQ(run.provide({"a.example"}, now + 59 * 24h), first);
    auto renewed = run.provide({"a.example"}, now + 61 * 24h);
    ASSERT_EQ(renewed.size(), 1U);
    EXPECT_NE(renewed, first);
    EXPECT_EQ(run.records.contents().certificates.size(), 1U) << "the old one is gone from the records, too";
}

TEST_F(LocalIssuer, KeepsTheCertificateOfALostHostForADay)
{
    a_run run(folder.path());
    auto with = run.provide({"a.example"}, now);
    EXPECT_EQ(run.provide({}, now + 23h), with);
    EXPECT_TRUE(run.provide({}, now + 25h).empty());
    EXPECT_TRUE(run.records.contents().certificates.empty());
}

TEST_F(LocalIssuer, ForgetsWhatAnotherCaMade)
{
    auto theirs = a_run(folder.path()).provide({"a.example"}, now);
    std::filesystem::remove(folder / "ca.pem");
    a_run again(folder.path());
    EXPECT_TRUE(again.now_served.empty());
    EXPECT_NE(again.provide({"a.example"}, now), theirs);
    EXPECT_EQ(again.records.contents().certificates.size(), 1U);
}

}  // namespace
}  // namespace lintel::acme
