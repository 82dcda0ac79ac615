#include "acme/renewal.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

constexpr wall_clock::time_point start(1'800'000'000s);
constexpr wall_clock::time_point never{};

store::certificate_record of_life(wall_clock::duration life, const std::string& id = "id")
{
    store::certificate_record made;
    made.id = id;
    made.not_before = start;
    made.not_after = start + life;
    return made;
}

TEST(Renewal, RetriesAreFurtherAndFurtherApart)
{
    for (bool reached : {false, true}) {
        for (int failures = 2; failures < 60; ++failures) {
            EXPECT_GE(retry_pause(failures, reached), retry_pause(failures - 1, reached)) << failures;
        }
        EXPECT_EQ(retry_pause(1000, reached), 6h);
    }
    EXPECT_EQ(retry_pause(1, true), 1min);
    EXPECT_EQ(retry_pause(1, false), 10s);
    for (int failures = 1; failures < 60; ++failures)
        EXPECT_LE(retry_pause(failures, false), retry_pause(failures, true)) << failures;
}

TEST(Renewal, NoFailureIsTakenForTheFirst)
{
    for (int failures : {0, -1}) EXPECT_EQ(retry_pause(failures, true), 1min) << failures;
}

TEST(Renewal, IsAtTwoThirdsOfALifeAndAtHalfOfAShortOne)
{
    struct row {
        wall_clock::duration life;
        double part;
    };
    for (auto [life, part] :
         {row{90 * 24h, 2.0 / 3}, row{10 * 24h, 2.0 / 3}, row{10 * 24h - 1s, 0.5}, row{6 * 24h, 0.5}, row{40s, 0.5}}) {
        auto when = usual_renewal(of_life(life));
        auto seconds = std::chrono::duration<double>(when - start).count();
        auto whole = std::chrono::duration<double>(life).count();
        EXPECT_LE(seconds, whole * part + 0.001) << whole;
        EXPECT_GE(seconds, whole * (part - 0.02)) << whole;
    }
}

TEST(Renewal, ManyOfOneHourDoNotComeDueInOne)
{
    std::set<wall_clock::time_point> moments;
    for (int i = 0; i < 100; ++i) moments.insert(usual_renewal(of_life(90 * 24h, std::to_string(i))));
    EXPECT_GT(moments.size(), 50U);
    EXPECT_GT(*moments.rbegin() - *moments.begin(), 24h);
    EXPECT_EQ(usual_renewal(of_life(90 * 24h)), usual_renewal(of_life(90 * 24h))) << "of one it stays";
}

TEST(Renewal, TheCasMomentCountsUnlessItIsAllButTooLate)
{
    auto one = of_life(100h);
    one.renew_at = start + 10h;
    EXPECT_EQ(renewal_time(one), start + 10h);
    one.renew_at = start + 94h;
    EXPECT_EQ(renewal_time(one), start + 94h);
    for (auto late : {96h, 100h, 100000h}) {
        one.renew_at = start + late;
        EXPECT_EQ(renewal_time(one), start + 95h) << late.count();
    }
    one.renew_at = never;
    EXPECT_EQ(renewal_time(one), usual_renewal(one));
}

TEST(Renewal, TheMomentIsInTheWindowAndStaysUntilThatMoves)
{
    auto one = of_life(90 * 24h);
    renewal_window advice;
    advice.start = start + 50h;
    advice.end = start + 60h;
    EXPECT_TRUE(follow(one, advice, 0.25, start));
    EXPECT_EQ(one.renew_at, start + 52h + 30min);
    EXPECT_FALSE(follow(one, advice, 0.75, start + 6h)) << "picked once (RFC 9773 4.2)";
    EXPECT_EQ(one.renew_at, start + 52h + 30min);
    advice.end = start + 70h;
    EXPECT_TRUE(follow(one, advice, 0.5, start + 12h));
    EXPECT_EQ(one.renew_at, start + 60h);
}

TEST(Renewal, AWindowInThePastIsDueAtOnceAndOneThatEndsBeforeItStartsIsAMoment)
{
    auto one = of_life(90 * 24h);
    renewal_window advice;
    advice.start = start - 20h;
    advice.end = start - 10h;
    follow(one, advice, 0.9, start);
    EXPECT_LE(renewal_time(one), start);
    advice.start = start + 20h;
    follow(one, advice, 0.9, start);
    EXPECT_EQ(one.renew_at, start + 20h);
}

TEST(Renewal, TheCaSaysWhenToAskAgainWithinBounds)
{
    struct row {
        std::optional<duration> said;
        duration taken;
    };
    auto one = of_life(90 * 24h);
    for (auto [said, taken] : {row{{}, 6h}, row{1s, 1min}, row{0s, 1min}, row{3h, 3h}, row{1000h, 24h}}) {
        renewal_window advice;
        advice.start = start + 50h;
        advice.end = start + 60h;
        advice.ask_again_in = said;
        follow(one, advice, 0.5, start);
        EXPECT_EQ(one.ask_again_at - start, taken);
    }
}

}  // namespace
}  // namespace lintel::acme
