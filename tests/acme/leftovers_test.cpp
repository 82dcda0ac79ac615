#include "acme/leftovers.hpp"
#include "acme/clock_jump.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using keys = std::vector<std::string>;

constexpr wall_clock::time_point now(1'800'000'000s);
constexpr auto day = 24h;

TEST(Leftovers, AreWhatWasOfNoUseForAMonth)
{
    store::contents all;
    for (auto [key, ago] : {std::pair("old", 31 * day), {"new", 29 * day}}) {
        all.certificates[key].not_after = now - ago;
        all.orders[key].created = now - ago;
        all.setbacks[key].next_try = now - ago;
        all.buckets[key].updated = now - ago;
    }
    auto step = leftovers(all, {}, now);
    for (const auto* each : {&step.certificates.erase, &step.orders.erase, &step.setbacks.erase, &step.buckets.erase}) {
        EXPECT_EQ(*each, keys{"old"});
    }
}

TEST(Leftovers, WhatIsInUseStaysWhateverTheClockSays)
{
    store::contents all;
    all.certificates["served"].not_after = now - 365 * day;
    all.orders["under way"].created = now - 365 * day;
    EXPECT_TRUE(is_empty(leftovers(all, {"served", "under way"}, now)));
}

TEST(Leftovers, AccountsAreNone)
{
    store::contents all;
    all.accounts["https://ca.example/dir"].url = "https://ca.example/account/1";
    EXPECT_TRUE(is_empty(leftovers(all, {}, now)));
}

}  // namespace
}  // namespace lintel::acme
