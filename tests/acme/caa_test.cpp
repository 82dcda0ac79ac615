#include "acme/caa.hpp"

#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using records = std::vector<std::string>;

std::string refusal(const records& all, const std::string& name = "app.example.com",
                    std::vector<std::string> ca_names = {"letsencrypt.org"})
{
    return forbidding_record(all, "example.com", {{}, std::move(ca_names), name});
}

TEST(Caa, LetsTheCasIssueThatItNames)
{
    for (const auto& all : {records{"0 issue letsencrypt.org"},
                            {"0 issue LetsEncrypt.org"},
                            {"128 issue letsencrypt.org"},
                            {"0 ISSUE letsencrypt.org"},
                            {"0 issue \"letsencrypt.org\""},
                            {"0 issue letsencrypt.org; accounturi=x"},
                            {"0 issue other.example", "0 issue letsencrypt.org"},
                            {"0 iodef mailto:a@b.c"},
                            {"0 unknown x"},
                            {"0 issuewild ;"},
                            {"0 issuewild other.example"}}) {
        EXPECT_EQ(refusal(all), "") << all.front();
    }
    EXPECT_EQ(refusal({"0 issue google.com"}, "a.example.com", {"pki.goog", "google.com"}), "") << "any of its names";
    EXPECT_EQ(refusal({"0 issue other.example"}, "a.example.com", {}), "") << "a CA whose names nobody knows";
}

TEST(Caa, ForbidsItToOthersAndNamesTheRecord)
{
    EXPECT_EQ(
        refusal({"0 issue other.example"}),
        "the record CAA 0 issue other.example of example.com forbids it: add one with \"0 issue letsencrypt.org\", "
        "or remove it");
    for (const auto& all : {records{"0 issue ;"},
                            {"0 issue"},
                            {"0 issue not-letsencrypt.org"},
                            {"0 issue other.example; x=letsencrypt.org"},
                            {"0 issue letsencrypt.org.other.example"}}) {
        EXPECT_TRUE(refusal(all).contains(all.front())) << refusal(all);
    }
    auto critical = refusal({"0 issue letsencrypt.org", "128 tbs x"});
    EXPECT_TRUE(critical.contains("128 tbs x")) << critical;
}

TEST(Caa, HasRecordsOfTheirOwnForWildcards)
{
    EXPECT_EQ(refusal({"0 issue letsencrypt.org"}, "*.example.com"), "");
    EXPECT_EQ(refusal({"0 issue ;", "0 issuewild letsencrypt.org"}, "*.example.com"), "");
    auto why = refusal({"0 issue letsencrypt.org", "0 issuewild ;"}, "*.example.com");
    EXPECT_TRUE(why.contains("CAA 0 issuewild ;")) << why;
    EXPECT_NE(refusal({"0 issue other.example"}, "*.example.com"), "");
}

/// Asked of a name server.
class CaaInDns : public testing::Test {
protected:
    std::string ask(std::string name)
    {
        caa_question what{dns.where(), {"letsencrypt.org"}, std::move(name)};
        return test::outcome_of(home, forbidding_record(home, std::move(what), std::chrono::seconds(5)));
    }

    net::worker home;
    test::dns_server dns;
};

TEST_F(CaaInDns, TheNearestNameDecides)
{
    dns.set("a.b.app.test", {"127.0.0.1"});
    dns.set("b.app.test", {});
    dns.add_caa("app.test", 0, "issue", "other.example");
    auto why = ask("a.b.app.test");
    EXPECT_TRUE(why.contains("CAA 0 issue other.example of app.test forbids it")) << why;

    dns.add_caa("b.app.test", 0, "issue", "letsencrypt.org");
    EXPECT_EQ(ask("a.b.app.test"), "");
    dns.add_caa("b.app.test", 0, "issuewild", ";");
    EXPECT_EQ(ask("a.b.app.test"), "");
    EXPECT_NE(ask("*.b.app.test"), "");
}

TEST_F(CaaInDns, AreLookedForBehindAliasesButNotAboveThem)
{
    dns.set_alias("www.app.test", "edge.cdn.test");
    dns.set("edge.cdn.test", {});
    dns.add_caa("cdn.test", 0, "issue", ";");
    EXPECT_EQ(ask("www.app.test"), "") << "RFC 8659 3: what is above the target is not asked";
    dns.add_caa("edge.cdn.test", 0, "issue", "other.example");
    auto why = ask("www.app.test");
    EXPECT_TRUE(why.contains("0 issue other.example")) << why;
}

TEST_F(CaaInDns, ForbidNothingWhereNobodyAnswers)
{
    dns.add_caa("test", 0, "issue", "other.example");
    dns.set("app.test", {"127.0.0.1"});
    EXPECT_NE(ask("app.test"), "");
    dns.be(test::dns_server::mood::fails, 257);
    EXPECT_EQ(ask("app.test"), "");
}

}  // namespace
}  // namespace lintel::acme
