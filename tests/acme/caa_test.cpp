#include "acme/caa.hpp"

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

}  // namespace
}  // namespace lintel::acme
