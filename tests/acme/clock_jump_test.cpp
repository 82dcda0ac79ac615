#include "acme/clock_jump.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

constexpr wall_clock::time_point now(1'800'000'000s);
constexpr auto year = 365 * 24h;

TEST(ClockJump, NothingIsWrongWithWhatIsAsItShouldBe)
{
    store::contents all;
    all.setbacks["s"] = {.subject = "s", .failures = 1, .last_try = now - 1min, .next_try = now + year, .why = ""};
    all.buckets["b"] = {.key = "b", .tokens = 0, .updated = now - 1min};
    all.certificates["c"].ask_again_at = now + 23h;
    EXPECT_TRUE(is_empty(after_clock_jump(all, now))) << "a CA may say a year";
    EXPECT_TRUE(is_empty(after_clock_jump(all, now + year))) << "a jump forward";
    EXPECT_TRUE(is_empty(after_clock_jump(all, now - 3min))) << "a correction";
}

TEST(ClockJump, ASetBackHoldsForAsLongAsItWasMeantTo)
{
    store::contents all;
    all.setbacks["s"] = {.subject = "s",
                         .failures = 7,
                         .last_try = now + year,
                         .next_try = now + year + 2h,
                         .why = "w",
                         .rehearsed = true};
    auto step = after_clock_jump(all, now);
    ASSERT_EQ(step.setbacks.put.size(), 1U);
    EXPECT_EQ(step.setbacks.put[0].next_try, now + 2h);
    auto expected = all.setbacks["s"];
    expected.last_try = now;
    expected.next_try = now + 2h;
    EXPECT_EQ(step.setbacks.put[0], expected) << "the rest stays";
    all.setbacks["s"] = expected;
    EXPECT_TRUE(is_empty(after_clock_jump(all, now))) << "once";
    EXPECT_TRUE(is_empty(after_clock_jump(all, now + 1h)));
}

TEST(ClockJump, BucketsFillAgainFromNowOn)
{
    store::contents all;
    all.buckets["b"] = {.key = "b", .tokens = -2.5, .updated = now + year};
    auto step = after_clock_jump(all, now);
    ASSERT_EQ(step.buckets.put.size(), 1U);
    EXPECT_EQ(step.buckets.put[0], (store::bucket_record{.key = "b", .tokens = -2.5, .updated = now}));
}

TEST(ClockJump, ACaIsAskedAboutRenewalsNoLaterThanItWouldBe)
{
    store::contents all;
    auto& one = all.certificates["c"];
    one.id = "c";
    one.chain_pem = "CHAIN";
    one.ask_again_at = now + year;
    auto step = after_clock_jump(all, now);
    ASSERT_EQ(step.certificates.put.size(), 1U);
    auto expected = one;
    expected.ask_again_at = now;
    EXPECT_EQ(step.certificates.put[0], expected);
}

}  // namespace
}  // namespace lintel::acme
