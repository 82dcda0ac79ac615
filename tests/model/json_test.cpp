#include "model/json.hpp"

#include "tests/support/random_model.hpp"

#include <gtest/gtest.h>

namespace lintel::model {
namespace {

using namespace std::string_literals;

/// Decodes all texts into one delta; only the last may commit.
checked<delta> reassemble(const std::vector<std::string>& texts)
{
    delta step;
    for (const auto& text : texts) {
        auto commits = decode(text, step);
        if (!commits) return std::unexpected(commits.error());
        EXPECT_EQ(*commits, &text == &texts.back());
    }
    return step;
}

void expect_same(const delta& a, const delta& b)
{
    EXPECT_EQ(a.base, b.base);
    EXPECT_EQ(a.version, b.version);
    EXPECT_EQ(a.reset, b.reset);
    EXPECT_EQ(a.upsert, b.upsert);
    EXPECT_EQ(a.remove, b.remove);
}

/// A state folder may be an earlier version's.
TEST(DeltaJson, ReadsWhatEarlierVersionsWrote)
{
    auto read = reassemble({R"json({"base":0,"version":1,"reset":true,"commit":true,"upsert":[
        {"kind":"service","id":"s","spec":{"endpoints":[],"source":"","tls":true}},
        {"kind":"router","id":"r","spec":{"rule":"Host(`a.example`)","entrypoints":["http"],"source":"",
         "redirect_to_https":true,"pending":"it takes time"}}]})json"});
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(read->upsert.services.at("s").scheme, scheme::https);
    EXPECT_TRUE(read->upsert.routers.at("r").redirect_to_https);
}

TEST(DeltaJson, ComesBackAsItWas)
{
    test::random_model made_up(5);
    for (int round = 0; round < 50; ++round) {
        auto step = difference(made_up.snapshot(made_up.below(15)), made_up.snapshot(made_up.below(15)));
        step.base = made_up.below(1000);
        step.version = UINT64_MAX - made_up.below(3);
        step.reset = made_up.one_in(2);
        for (std::size_t limit : {1U, 300U, 1000U, 1U << 20}) {
            SCOPED_TRACE(limit);
            auto back = reassemble(encode(step, limit));
            ASSERT_TRUE(back) << back.error().what;
            expect_same(*back, step);
        }
    }
}

TEST(DeltaJson, KeepsToItsLimitWhereObjectsAllow)
{
    delta step;
    step.upsert = test::random_model(6).snapshot(200);
    auto texts = encode(step, 4000);
    EXPECT_GT(texts.size(), 10U);
    for (const auto& text : texts) EXPECT_LT(text.size(), 4200U);
    EXPECT_EQ(encode(step, 1 << 20).size(), 1U);
}

TEST(DeltaJson, OfNothingIsOneTextThatCommits)
{
    auto texts = encode({}, 1000);
    ASSERT_EQ(texts.size(), 1U);
    delta step;
    EXPECT_TRUE(decode(texts[0], step).value());
    EXPECT_TRUE(step.empty());
}

TEST(SnapshotJson, IsAResetThatCommits)
{
    auto whole = test::random_model(7).snapshot(10);
    delta step;
    EXPECT_TRUE(decode(encode_snapshot(whole), step).value());
    EXPECT_TRUE(step.reset);
    EXPECT_EQ(step.upsert, whole);
}

TEST(DeltaJson, CarriesBytesThatAreNoUtf8WithoutThrowing)
{
    delta step;
    step.upsert.routers["r"].source = "caf\xE9";
    auto back = reassemble(encode(step, 1000));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->upsert.routers.at("r").source, "caf\uFFFD");
}

TEST(DeltaJson, GivesDefaultsToWhatIsLeftOut)
{
    delta step;
    EXPECT_FALSE(decode(R"({"upsert":[{"kind":"router","id":"r","spec":{}},{"kind":"service","id":"s","spec":{}},
                            {"kind":"endpoint","id":"e","spec":{}},{"kind":"certificate","id":"c","spec":{}},
                            {"kind":"tcp_router","id":"q","spec":{}},{"kind":"tls_options","id":"o","spec":{}},
                            {"kind":"transport","id":"t","spec":{}}]})",
                        step)
                     .value())
        << "no commit was said";
    EXPECT_EQ(step.upsert.routers.at("r"), router{});
    EXPECT_EQ(step.upsert.services.at("s"), service{});
    EXPECT_EQ(step.upsert.endpoints.at("e"), endpoint{});
    EXPECT_EQ(step.upsert.certificates.at("c"), certificate{});
    EXPECT_EQ(step.upsert.tcp_routers.at("q"), tcp_router{});
    EXPECT_EQ(step.upsert.tls_option_sets.at("o"), tls_options{});
    EXPECT_EQ(step.upsert.transports.at("t"), transport{});
}

TEST(DeltaJson, IgnoresFieldsThatANewerPeerKnows)
{
    delta step;
    EXPECT_TRUE(
        decode(R"({"x":1,"upsert":[{"kind":"service","id":"s","spec":{"x":{}},"y":2}],"commit":true})", step).value());
    EXPECT_EQ(step.upsert.services.size(), 1U);
}

TEST(DeltaJson, IsAProblemWhereItIsMalformed)
{
    for (const auto& text : {
             ""s,
             " "s,
             "{"s,
             "nonsense"s,
             "null"s,
             "[]"s,
             "7"s,
             "\"text\""s,
             "{}{}"s,
             "\xFF\xFE"s,
             "{\"base\":\"x\"}"s,
             "{\"version\":[]}"s,
             "{\"version\":1.5}"s,
             "{\"version\":99999999999999999999999}"s,
             "{\"base\":1e300}"s,
             "{\"reset\":1}"s,
             "{\"commit\":\"yes\"}"s,
             "{\"upsert\":7}"s,
             "{\"upsert\":{\"a\":1}}"s,
             "{\"upsert\":[7]}"s,
             "{\"upsert\":[null]}"s,
             "{\"upsert\":[{}]}"s,
             R"({"upsert":[{"kind":"router"}]})"s,
             R"({"upsert":[{"kind":"router","id":"a"}]})"s,
             R"({"upsert":[{"kind":"router","id":7,"spec":{}}]})"s,
             R"({"upsert":[{"kind":"gizmo","id":"a","spec":{}}]})"s,
             R"({"upsert":[{"kind":7,"id":"a","spec":{}}]})"s,
             R"({"upsert":[{"kind":"router","id":"a","spec":{"rule":7}}]})"s,
             R"({"upsert":[{"kind":"router","id":"a","spec":{"entrypoints":"http"}}]})"s,
             R"({"upsert":[{"kind":"router","id":"a","spec":{"entrypoints":[7]}}]})"s,
             R"({"upsert":[{"kind":"router","id":"a","spec":{"priority":"high"}}]})"s,
             R"({"upsert":[{"kind":"router","id":"a","spec":7}]})"s,
             R"({"upsert":[{"kind":"router","id":"a","spec":null}]})"s,
             R"({"upsert":[{"kind":"endpoint","id":"a","spec":{"ready":"maybe"}}]})"s,
             R"({"upsert":[{"kind":"endpoint","id":"a","spec":{"ready":7}}]})"s,
             R"({"upsert":[{"kind":"endpoint","id":"a","spec":{"port":"80"}}]})"s,
             R"({"upsert":[{"kind":"endpoint","id":"a","spec":{"port":65536}}]})"s,
             R"({"upsert":[{"kind":"endpoint","id":"a","spec":{"port":-1}}]})"s,
             R"({"upsert":[{"kind":"endpoint","id":"a","spec":{"draining":"no"}}]})"s,
             R"({"upsert":[{"kind":"service","id":"a","spec":{"pass_host":1}}]})"s,
             R"({"upsert":[{"kind":"certificate","id":"a","spec":{"names":{}}}]})"s,
             R"({"upsert":[{"kind":"tcp_router","id":"a","spec":{"security":"open"}}]})"s,
             R"({"upsert":[{"kind":"tcp_router","id":"a","spec":{"names":"*"}}]})"s,
             R"({"upsert":[{"kind":"service","id":"a","spec":{"proxy_protocol":3}}]})"s,
             R"({"upsert":[{"kind":"tls_options","id":"a","spec":{"lowest":"1.1"}}]})"s,
             R"({"upsert":[{"kind":"tls_options","id":"a","spec":{"clients":"sometimes"}}]})"s,
             R"({"upsert":[{"kind":"transport","id":"a","spec":{"verify":"no"}}]})"s,
             R"({"remove":[{"kind":"router"}]})"s,
             R"({"remove":[7]})"s,
             std::string(100'000, '['),
         }) {
        SCOPED_TRACE(text.substr(0, 100));
        delta step;
        EXPECT_NO_THROW({
            auto outcome = decode(text, step);
            EXPECT_FALSE(outcome);
        });
    }
}

TEST(DeltaJson, SurvivesAnyByteChangedOrCut)
{
    delta step;
    step.upsert = test::random_model(8).snapshot(3);
    auto text = encode(step, 1 << 20)[0];
    test::random_model random(9);
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto changed = text;
        changed[at] = static_cast<char>(random.below(256));
        delta into;
        EXPECT_NO_THROW((void)decode(changed, into));
        EXPECT_NO_THROW(EXPECT_FALSE(decode(std::string_view(text).substr(0, at), into)));
    }
}

TEST(Readiness, HasAName)
{
    EXPECT_EQ(name_of(readiness::probe), "probe");
    EXPECT_EQ(name_of(readiness::unconfirmed), "unconfirmed");
}

}  // namespace
}  // namespace lintel::model
