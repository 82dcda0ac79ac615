// The client against a CA on loopback that says what a test wants: above all what no CA should.

#include "acme/client.hpp"

#include "tests/acme/strange_ca.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string account_body = R"({"status":"valid"})";
const said bad_nonce{400, "", R"({"type":"urn:ietf:params:acme:error:badNonce","detail":"stale"})"};

class AcmeClient : public testing::Test {
protected:
    template <class T>
    T run(task<T> job)
    {
        return test::outcome_of(home, std::move(job));
    }
    answer<std::string> registered() { return run(speaker.register_account(key, {.terms_agreed = true})); }
    identity who() const { return {key, ca.url("/account/1")}; }

    failure refused(const said& what)
    {
        ca.replace("/account", what);
        auto outcome = registered();
        return outcome ? failure{} : outcome.error();
    }

    strange_ca ca;
    net::worker home;
    http::fetcher fetcher{home};
    client speaker{fetcher, {ca.url("/dir")}};
    account_key key = account_key::generate();
};

TEST_F(AcmeClient, SpeaksAsRfc8555Wants)
{
    ca.replace("/account", {201, "Location: " + ca.url("/account/1") + "\r\n", account_body});
    ca.replace("/account/1", {200, "", account_body});
    ASSERT_EQ(registered().value_or(""), ca.url("/account/1"));
    ASSERT_TRUE(run(speaker.list_orders(who())));

    auto first = ca.requests("POST /account ").at(0), second = ca.requests("POST /account/1 ").at(0);
    EXPECT_TRUE(first.contains("\r\nContent-Type: application/jose+json\r\n")) << first;
    EXPECT_TRUE(first.contains("\r\nUser-Agent: lintel/")) << first;
    EXPECT_EQ(strange_ca::header_of(first),
              (json{{"alg", "ES256"}, {"jwk", json::parse(key.jwk())}, {"nonce", "n1"}, {"url", ca.url("/account")}}));
    EXPECT_EQ(strange_ca::header_of(second),
              (json{{"alg", "ES256"}, {"kid", ca.url("/account/1")}, {"nonce", "n2"}, {"url", ca.url("/account/1")}}));
    EXPECT_TRUE(second.contains(R"("payload":"")")) << "POST-as-GET";
    EXPECT_EQ(ca.requests("HEAD /nonce ").size(), 1U) << "the second nonce came with the first answer";
    EXPECT_EQ(ca.requests("GET /dir ").size(), 1U);
}

TEST_F(AcmeClient, ABadNonceIsRepeatedTenTimesWithTheFreshOne)
{
    ca.put("/account", bad_nonce, 10);
    ca.put("/account", {201, "Location: /account/1\r\n", account_body});
    EXPECT_EQ(registered().value_or(""), ca.url("/account/1"));
    auto sent = ca.requests("POST /account ");
    ASSERT_EQ(sent.size(), 11U);
    for (std::size_t i = 0; i < sent.size(); ++i)
        EXPECT_EQ(strange_ca::header_of(sent[i])["nonce"], "n" + std::to_string(i + 1));

    auto why = refused(bad_nonce);
    EXPECT_EQ(why.type, "badNonce");
    EXPECT_EQ(ca.requests("POST /account ").size(), 22U);
}

TEST_F(AcmeClient, ARefusalIsNotRepeated)
{
    auto why = refused(
        {429, "Retry-After: 90\r\n", R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"})"});
    EXPECT_EQ(why.what, failure::kind::refused);
    EXPECT_EQ(why.type, "rateLimited");
    EXPECT_EQ(why.status, 429);
    EXPECT_EQ(why.retry_after, 90s);
    EXPECT_EQ(ca.requests("POST ").size(), 1U);
}

TEST_F(AcmeClient, WhatDoesntFitIsMalformedAndTheDirectoryIsFetchedAnew)
{
    for (const auto& each :
         {said{201, "", account_body}, said{201, "Location: https://elsewhere.example/\r\n", account_body},
          said{201, "Location: /account/1\r\n", "[]"}, said{500, "", "oops"}, said{302, "Location: /x\r\n", ""}}) {
        auto before = ca.requests("GET /dir ").size();
        auto why = refused(each);
        EXPECT_EQ(why.what, failure::kind::malformed) << each.status << each.body;
        EXPECT_EQ(why.status, each.status);
        EXPECT_FALSE(why.detail.empty());
        refused(each);
        EXPECT_GE(ca.requests("GET /dir ").size(), before + 1) << each.status << each.body;
    }
}

TEST_F(AcmeClient, AnAnswerThatIsTooLongIsGivenUp)
{
    auto why = refused({201, "Location: /account/1\r\n", std::string((1U << 20) + 1, ' ')});
    EXPECT_EQ(why.what, failure::kind::malformed);
    EXPECT_TRUE(why.detail.contains("longer than")) << why.detail;
}

TEST_F(AcmeClient, ADirectoryThatDoesntFitIsAskedForAgain)
{
    ca.replace("/dir", {200, "", R"({"newAccount":"x"})"});
    auto known = run(speaker.look_up());
    ASSERT_FALSE(known);
    EXPECT_TRUE(known.error().detail.contains("newNonce")) << known.error().detail;
    ca.replace("/dir", {200, "", ca.directory("")});
    EXPECT_TRUE(run(speaker.look_up()));
}

TEST_F(AcmeClient, ANonceIsWanted)
{
    ca.replace("/nonce", {200, "Replay-Nonce: \"bad\"\r\n", ""});
    auto outcome = registered();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().what, failure::kind::malformed);
    EXPECT_TRUE(outcome.error().detail.contains("Replay-Nonce")) << outcome.error().detail;
    EXPECT_TRUE(ca.requests("POST ").empty());
}

TEST_F(AcmeClient, ACaThatIsAwayIsUnreachable)
{
    int port = 0;
    {
        test::tiny_server gone([](test::peer&) {});
        port = gone.port();
    }
    client other(fetcher, {"http://127.0.0.1:" + std::to_string(port) + "/dir"});
    auto known = run(other.look_up());
    ASSERT_FALSE(known);
    EXPECT_EQ(known.error().what, failure::kind::unreachable);
    client clear(fetcher, {"http://ca.example/dir"});
    auto refusal = run(clear.look_up());
    ASSERT_FALSE(refusal);
    EXPECT_TRUE(refusal.error().detail.contains("https://")) << refusal.error().detail;
}

TEST_F(AcmeClient, ReplacesIsLeftOutWhereTheCaHasNoAri)
{
    ca.replace("/orders", {500, "", ""});
    EXPECT_FALSE(run(speaker.create_order(who(), {.names = {"a.example"}, .replaces = "x.y"})));
    auto body = [&](std::size_t which) {
        auto request = ca.requests("POST /orders ").at(which);
        auto jws = json::parse(request.substr(request.find("\r\n\r\n") + 4));
        return from_base64url(jws["payload"].get<std::string>()).value();
    };
    EXPECT_FALSE(body(0).contains("replaces")) << body(0);
    ca.replace("/dir", {200, "", ca.directory(R"(,"renewalInfo":")" + ca.url("/ari") + '"')});
    EXPECT_FALSE(run(speaker.create_order(who(), {.names = {"a.example"}, .replaces = "x.y"})));
    EXPECT_TRUE(body(1).contains(R"("replaces":"x.y")")) << body(1);
}

TEST_F(AcmeClient, PagesOfOrdersThatGoRoundEnd)
{
    ca.replace("/account/1", {200, "", R"({"status":"valid","orders":")" + ca.url("/list") + "\"}"});
    ca.replace("/list", {200, "Link: </list>;rel=\"next\"\r\n", R"({"orders":[")" + ca.url("/order/1") + "\"]}"});
    auto listed = run(speaker.list_orders(who()));
    ASSERT_TRUE(listed) << listed.error().detail;
    EXPECT_EQ(*listed, std::vector<std::string>{ca.url("/order/1")});
}

TEST_F(AcmeClient, ACertificateThatIsNoneIsMalformed)
{
    ca.replace("/cert", {200, "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"});
    auto chain = run(speaker.download(who(), ca.url("/cert"), ""));
    ASSERT_FALSE(chain);
    EXPECT_EQ(chain.error().what, failure::kind::malformed);
    EXPECT_TRUE(ca.requests("POST /cert ").at(0).contains("\r\nAccept: application/pem-certificate-chain\r\n"));
}

}  // namespace
}  // namespace lintel::acme
