#include "http/h2_budget.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lintel::http {
namespace {

using namespace std::chrono_literals;

const time_point start = time_point() + 1h;

h2_frame_header frame(h2_frame type, std::uint32_t length = 5, std::uint8_t flags = 0)
{
    return {.length = length, .type = type, .flags = flags};
}

/// How many of these a connection may have at once.
int burst_of(const h2_frame_header& which)
{
    h2_budget budget(start);
    int count = 0;
    while (count < 1'000'000 && budget.on_frame(which, start)) ++count;
    return count;
}

TEST(H2Budget, EachKindHasItsBurst)
{
    EXPECT_EQ(burst_of(frame(h2_frame::rst_stream)), 1000);
    EXPECT_EQ(burst_of(frame(h2_frame::settings)), 100);
    EXPECT_EQ(burst_of(frame(h2_frame::ping)), 1000);
    EXPECT_EQ(burst_of(frame(h2_frame::priority)), 1000);
    EXPECT_EQ(burst_of(frame(h2_frame::priority_update)), 1000);
    EXPECT_EQ(burst_of(frame(h2_frame::window_update)), 2000);
    EXPECT_EQ(burst_of(frame(h2_frame::continuation)), 100);
    EXPECT_EQ(burst_of(frame(h2_frame::data, 0)), 400);
    EXPECT_EQ(burst_of(frame(h2_frame::data, 1)), 200'000);
    EXPECT_EQ(burst_of(frame(static_cast<h2_frame>(99))), 1000);
}

TEST(H2Budget, WhatAConnectionIsForCostsNothing)
{
    for (const auto& each : {frame(h2_frame::headers), frame(h2_frame::data, 16), frame(h2_frame::data, 16384),
                             frame(h2_frame::data, 0, h2_frame_header::end_stream)})
        EXPECT_EQ(burst_of(each), 1'000'000);
}

TEST(H2Budget, ComesBackWithTime)
{
    h2_budget budget(start);
    while (budget.on_frame(frame(h2_frame::rst_stream), start)) {
    }
    EXPECT_TRUE(budget.exhausted());
    // 20,000 points a second are a hundred resets a second.
    auto now = start + 1s;
    int more = 0;
    while (budget.on_frame(frame(h2_frame::rst_stream), now)) ++more;
    EXPECT_EQ(more, 99) << "the one that was too many had to be paid, too";
}

TEST(H2Budget, AHundredAnswersAndAsManyResetsGoOnForEver)
{
    h2_budget budget(start);
    for (int i = 0; i < 10'000; ++i) {
        budget.on_answered();
        ASSERT_TRUE(budget.on_frame(frame(h2_frame::rst_stream), start));
    }
}

TEST(H2Budget, AWindowUpdateForEachDataFrameIsPaidFor)
{
    h2_budget budget(start);
    for (int i = 0; i < 100'000; ++i) {
        budget.on_sent(1000, false);
        ASSERT_TRUE(budget.on_frame(frame(h2_frame::window_update), start));
        ASSERT_TRUE(budget.on_frame(frame(h2_frame::window_update), start));
    }
}

// gRPC's clients measure with a PING how much is on its way, for each message where none is under way.
TEST(H2Budget, SoAreAPingAndTwoWindowUpdatesForASmallOne)
{
    h2_budget budget(start);
    for (int i = 0; i < 100'000; ++i) {
        budget.on_sent(6, false);
        ASSERT_TRUE(budget.on_frame(frame(h2_frame::ping), start));
        ASSERT_TRUE(budget.on_frame(frame(h2_frame::window_update), start));
        ASSERT_TRUE(budget.on_frame(frame(h2_frame::window_update), start));
    }
}

TEST(H2Budget, ExcusesWhatAStreamIsFor)
{
    h2_budget budget(start);
    for (int i = 0; i < 1'000'000; ++i) {
        ASSERT_TRUE(budget.on_frame(frame(h2_frame::data, 6), start));
        budget.excuse(h2_attack::tiny_data);
    }
    budget.on_frame(frame(h2_frame::ping), start);
    EXPECT_EQ(budget.worst(), h2_attack::ping);
}

TEST(H2Budget, ByteByByteIsNot)
{
    h2_budget budget(start);
    int count = 0;
    while (count < 100'000 && budget.on_frame(frame(h2_frame::window_update), start)) {
        budget.on_sent(1, true);
        ++count;
    }
    EXPECT_NEAR(count, 2000, 30) << "what a byte earns is little";
}

TEST(H2Budget, NamesWhatCostMost)
{
    h2_budget budget(start);
    budget.on_frame(frame(h2_frame::settings), start);
    budget.spend(h2_attack::made_you_reset, start);
    budget.spend(h2_attack::made_you_reset, start);
    EXPECT_EQ(budget.worst(), h2_attack::made_you_reset);
    budget.on_frame(frame(h2_frame::ping), start + 1min);
    EXPECT_EQ(budget.worst(), h2_attack::ping) << "what was paid for is forgotten";
}

TEST(H2Budget, EveryAttackHasANameOfItsOwn)
{
    std::set<std::string_view> names;
    for (int i = 0; i < static_cast<int>(h2_attack::count_); ++i) names.insert(name_of(static_cast<h2_attack>(i)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(h2_attack::count_));
}

}  // namespace
}  // namespace lintel::http
