#include "acme/setbacks.hpp"

#include "tests/acme/records_in_memory.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

constexpr wall_clock::time_point start(1'800'000'000s);

class Setbacks : public testing::Test {
protected:
    Setbacks() { ca.name = "ca"; }

    static failure limited(std::string detail, std::optional<duration> wait = 5min)
    {
        return {failure::kind::refused, 429, "rateLimited", std::move(detail), wait};
    }

    void hear(const Names& names, const failure& why)
    {
        store::changes step;
        note_hold(ca, names, why, start, step);
        ASSERT_TRUE(records.commit(step));
    }

    duration fail(const Names& names, const failure& why)
    {
        store::changes step;
        auto pause = note_failure(records, ca, names, why, sentence_of(why), start, step);
        EXPECT_TRUE(records.commit(step));
        return pause;
    }

    bool holds(const Names& names, wall_clock::time_point now = start + 1min) const
    {
        return hold_on(records, ca, names, now) != nullptr;
    }

    disk on_disk;
    issuer ca;
    vault records = vault::open(std::make_unique<records_in_memory>(on_disk)).value();
};

TEST_F(Setbacks, ALimitThatNamesNobodyIsTheAccounts)
{
    hear({"a.example.com"}, limited("too many new orders recently"));
    EXPECT_TRUE(holds({"other.example.net"}));
    EXPECT_FALSE(holds({"other.example.net"}, start + 5min)) << "as long as was said";
}

TEST_F(Setbacks, ALimitOfADomainHoldsAllItsNames)
{
    hear({"a.example.com"}, limited("too many certificates (50) already issued for \"example.com\""));
    EXPECT_TRUE(holds({"b.example.com"}));
    EXPECT_TRUE(holds({"x.example.net", "b.example.com"}));
    EXPECT_FALSE(holds({"x.example.net"}));
}

TEST_F(Setbacks, ALimitOfANameHoldsThisOrderAlone)
{
    hear({"a.example.com"}, limited("too many failed authorizations (5) for \"a.example.com\""));
    EXPECT_TRUE(holds({"a.example.com"}));
    EXPECT_FALSE(holds({"b.example.com"}));
}

TEST_F(Setbacks, OnlyLimitsHold)
{
    hear({"a.example.com"}, {failure::kind::refused, 403, "rejectedIdentifier", "not a.example.com", 5min});
    hear({"a.example.com"}, {failure::kind::refused, 503, "", "down for a moment", {}});
    EXPECT_FALSE(holds({"a.example.com"}));
    hear({"a.example.com"}, {failure::kind::refused, 503, "", "down until noon", 5min});
    EXPECT_TRUE(holds({"a.example.com"}));
}

TEST_F(Setbacks, ALimitWithoutATimeHoldsForAnHour)
{
    hear({"a.example.com"}, limited("too many new orders recently", {}));
    EXPECT_TRUE(holds({"a.example.com"}, start + 59min));
    EXPECT_FALSE(holds({"a.example.com"}, start + 60min));
}

TEST_F(Setbacks, FailuresAreForgivenButWhatTheCaSaidIsNot)
{
    auto why = limited("too many failed authorizations (5) for \"a.example.com\"");
    hear({"a.example.com"}, why);
    fail({"a.example.com"}, why);
    ASSERT_NE(setback_of(records, ca, {"a.example.com"}), nullptr);
    store::changes step;
    forgive(records, ca, {"a.example.com"}, step);
    ASSERT_TRUE(records.commit(step));
    EXPECT_EQ(setback_of(records, ca, {"a.example.com"}), nullptr);
    EXPECT_EQ(held_until(records, ca, {"a.example.com"}, start), start + 5min);
}

TEST_F(Setbacks, WhatNoCaHeardOfIsTriedAgainSooner)
{
    failure ours{failure::kind::ours, 0, "", "the script failed", {}};
    EXPECT_EQ(fail({"a.example.com"}, ours), 10s);
    EXPECT_EQ(fail({"a.example.com"}, ours), 20s);
    for (int i = 0; i < 20; ++i) fail({"a.example.com"}, ours);
    EXPECT_EQ(fail({"a.example.com"}, ours), 10min);
    EXPECT_EQ(fail({"b.example.com"}, {failure::kind::refused, 400, "connection", "timeout", {}}), 1min);
}

}  // namespace
}  // namespace lintel::acme
