#include "link/ticket_keys.hpp"

#include <gtest/gtest.h>

namespace lintel::link {
namespace {

using namespace std::chrono_literals;

const auto start = wall_clock::from_time_t(1'800'000'000);

TEST(TicketRotation, MakesAKeyEveryTwelveHoursAndKeepsThree)
{
    ticket_rotation keys;
    EXPECT_TRUE(keys.renew(start));
    EXPECT_FALSE(keys.renew(start + 11h));
    auto first = keys.keys()[0];
    EXPECT_TRUE(keys.renew(start + 12h));
    EXPECT_EQ(keys.keys()[1], first);
    EXPECT_TRUE(keys.renew(start + 24h));
    EXPECT_EQ(keys.keys()[2], first) << "good for a day at least";
    EXPECT_TRUE(keys.renew(start + 36h));
    ASSERT_EQ(keys.keys().size(), 3U);
    EXPECT_EQ(keys.keys()[0].made, start + 36h);
    EXPECT_EQ(keys.keys()[2].made, start + 12h);
}

TEST(TicketRotation, GetsTheKeysBackFromTheOtherSide)
{
    ticket_rotation old, fresh;
    for (auto age : {0h, 12h, 24h}) old.renew(start + age);
    fresh.adopt(old.keys(), start + 25h);
    EXPECT_EQ(fresh.keys(), old.keys());
    fresh.adopt(old.keys(), start + 25h);
    EXPECT_EQ(fresh.keys(), old.keys()) << "those that are known are not doubled";
    EXPECT_FALSE(fresh.renew(start + 25h));
    fresh.adopt({{"short", start}}, start + 25h);
    EXPECT_EQ(fresh.keys(), old.keys());
}

TEST(TicketRotation, SurvivesAClockThatWasWrong)
{
    ticket_rotation keys;
    keys.renew(start + 24h * 365);
    EXPECT_FALSE(keys.renew(start));
    EXPECT_TRUE(keys.renew(start + 12h));
    ticket_rotation other;
    other.adopt({{std::string(80, 'x'), start + 24h * 365}}, start);
    EXPECT_EQ(other.keys()[0].made, start);
}

}  // namespace
}  // namespace lintel::link
