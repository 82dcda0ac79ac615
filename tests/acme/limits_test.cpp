#include "acme/limits.hpp"

#include "tests/acme/records_in_memory.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

class Limits : public testing::Test {
protected:
    /// Takes from `of` at `when` until nothing is left; how often that went well.
    int taken(const allowance& of, wall_clock::time_point when, int most = 1000)
    {
        for (int count = 0; count < most; ++count) {
            if (earliest(records, {of}, when) > when) return count;
            store::changes step;
            take(records, {of}, when, step);
            EXPECT_TRUE(records.commit(step));
        }
        return most;
    }

    disk on_disk;
    vault records = vault::open(std::make_unique<records_in_memory>(on_disk)).value();
    wall_clock::time_point now = wall_clock::now();
    issuer whose;
};

TEST_F(Limits, StayBelowTheCas)
{
    for (auto [limit, allowed] : {std::pair(50, 45), {5, 4}, {2, 1}}) {
        whose.directory = std::to_string(limit);
        whose.limits.failures_per_name_per_hour = limit;
        EXPECT_EQ(taken(failure_allowance(whose, "a.example"), now), allowed) << limit;
    }
}

TEST_F(Limits, OfOneAreNotNone)
{
    whose.limits.failures_per_name_per_hour = 1;
    EXPECT_EQ(taken(failure_allowance(whose, "a.example"), now), 1);
}

TEST_F(Limits, ComeBackEvenly)
{
    allowance four{"k", 4, 1h};
    EXPECT_EQ(taken(four, now), 4);
    EXPECT_EQ(taken(four, now + 16min), 1);
}

TEST_F(Limits, AreNotHeldByAClockThatWasAhead)
{
    allowance four{"k", 4, 1h};
    EXPECT_EQ(taken(four, now + 365 * 24h), 4);
    EXPECT_GT(taken(four, now), 0);
}

}  // namespace
}  // namespace lintel::acme
