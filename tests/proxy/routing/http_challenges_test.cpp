#include "proxy/routing/http_challenges.hpp"

#include "proxy/routing/table_builder.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

const std::string folder = "/.well-known/acme-challenge/";

model::objects<model::challenge> tokens(std::initializer_list<const char*> all)
{
    model::objects<model::challenge> made;
    for (std::string token : all) {
        model::challenge one;
        one.name = "a.example";
        one.token = token;
        one.key_authorization = token + ".thumbprint";
        made[model::id_of(one)] = one;
    }
    return made;
}

http::request_head request(std::string_view path, std::string_view method = "GET")
{
    http::request_head head;
    head.method = method;
    head.path = path;
    head.host = "whoever.example";
    return head;
}

std::string answer_of(const std::string* found) { return found == nullptr ? "" : *found; }

TEST(HttpChallenges, AnswerForATokenOfOursOnly)
{
    http_challenges ours(tokens({"one", "two"}));
    EXPECT_EQ(answer_of(ours.answer_to(request(folder + "one"))), "one.thumbprint");
    EXPECT_EQ(answer_of(ours.answer_to(request(folder + "two", "HEAD"))), "two.thumbprint");
    for (const auto* other : {"", "three", "on", "one/", "one/two", "ONE", "One"}) {
        EXPECT_EQ(ours.answer_to(request(folder + other)), nullptr) << other;
    }
    EXPECT_EQ(ours.answer_to(request("/one")), nullptr);
    EXPECT_EQ(ours.answer_to(request("/.WELL-KNOWN/acme-challenge/one")), nullptr);
    for (const auto* method : {"POST", "PUT", "OPTIONS", "TRACE", "get"}) {
        EXPECT_EQ(ours.answer_to(request(folder + "one", method)), nullptr) << method;
    }
}

TEST(HttpChallenges, AreNotThoseOfOtherKinds)
{
    auto all = tokens({"one"});
    all.begin()->second.kind = model::challenge_kind::tls_alpn_01;
    EXPECT_TRUE(http_challenges(all).empty());
    EXPECT_TRUE(http_challenges(tokens({""})).empty()) << "no token is no token";
}

TEST(HttpChallenges, ComeAndGoWithTheTable)
{
    table_builder builder({{"http", {}}}, 1);
    EXPECT_EQ(builder.apply({}).table->challenge_answer(request(folder + "one")), nullptr);

    model::delta put;
    put.upsert.challenges = tokens({"one", "two"});
    auto change = builder.apply(put);
    EXPECT_TRUE(change.challenges);
    EXPECT_EQ(answer_of(change.table->challenge_answer(request(folder + "one"))), "one.thumbprint");

    model::delta routes;
    routes.upsert.routers["r"].rule = "PathPrefix(`/`)";
    routes.upsert.routers["r"].refusal = "no";
    change = builder.apply(routes);
    EXPECT_FALSE(change.challenges);
    EXPECT_EQ(answer_of(change.table->challenge_answer(request(folder + "two"))), "two.thumbprint");

    model::delta take;
    take.remove.challenges = {"http-01 one"};
    change = builder.apply(take);
    EXPECT_EQ(change.table->challenge_answer(request(folder + "one")), nullptr);
    EXPECT_NE(change.table->challenge_answer(request(folder + "two")), nullptr);

    model::delta reset;
    reset.reset = true;
    EXPECT_EQ(builder.apply(reset).table->challenge_answer(request(folder + "two")), nullptr);
}

}  // namespace
}  // namespace lintel::proxy
