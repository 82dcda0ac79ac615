#include "acme/limits.hpp"
#include "store/sqlite_records.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;

constexpr wall_clock::time_point start(1'800'000'000s);

class Limits : public testing::Test {
protected:
    Limits() { ca.directory = "https://ca.example/dir"; }

    vault opened() { return vault::open(store::open_records(folder.path()).value()).value(); }

    void spend(const std::vector<allowance>& what, wall_clock::time_point now)
    {
        store::changes step;
        take(records, what, now, step);
        ASSERT_TRUE(records.commit(step));
    }

    test::temporary_folder folder;
    issuer ca;
    vault records = opened();
};

TEST_F(Limits, TheRegisteredDomainIsByThePublicSuffixList)
{
    const std::pair<const char*, const char*> table[] = {
        {"example.com", "example.com"},       {"a.b.example.com", "example.com"}, {"*.example.com", "example.com"},
        {"a.example.co.uk", "example.co.uk"}, {"a.b.github.io", "b.github.io"},   {"co.uk", "co.uk"},
        {"localhost", "localhost"},           {"192.0.2.1", "192.0.2.1"},
    };
    for (auto [name, domain] : table) EXPECT_EQ(registered_domain(name), domain) << name;
}

TEST_F(Limits, AddressesOfVersionSixAreCountedByTheirNetwork)
{
    EXPECT_EQ(registered_domain("2001:db8::1"), registered_domain("2001:db8::ffff:2"));
    EXPECT_NE(registered_domain("2001:db8::1"), registered_domain("2001:db8:0:1::1"));
}

TEST_F(Limits, AnOrderIsCountedOncePerIssuerDomainAndSetOfNames)
{
    auto all = order_allowances(ca, {"b.example.com", "a.example.com", "a.example.net"});
    ASSERT_EQ(all.size(), 4U) << "orders, two domains, the set";
    for (const auto& each : all) EXPECT_TRUE(each.key.starts_with(ca.directory)) << each.key;
    auto again = order_allowances(ca, {"a.example.net", "a.example.com", "b.example.com"});
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].key, again[i].key) << "whatever the order of names";
    EXPECT_NE(order_allowances(ca, {"a.example.com"}).back().key, all.back().key);
}

TEST_F(Limits, ATenthStaysUnusedAndOneAtLeast)
{
    ca.limits = {.orders_per_3h = 300,
                 .certificates_per_domain_per_week = 50,
                 .duplicates_per_week = 5,
                 .failures_per_name_per_hour = 5};
    auto all = order_allowances(ca, {"a.example"});
    ASSERT_EQ(all.size(), 3U);
    EXPECT_DOUBLE_EQ(all[0].capacity, 270);
    EXPECT_DOUBLE_EQ(all[1].capacity, 45);
    EXPECT_DOUBLE_EQ(all[2].capacity, 4);
    EXPECT_EQ(all[0].window, 3h);
    EXPECT_EQ(all[2].window, 7 * 24h);
    EXPECT_DOUBLE_EQ(failure_allowance(ca, "a.example").capacity, 4);
}

TEST_F(Limits, ZeroIsNoLimit)
{
    ca.limits = {.orders_per_3h = 0,
                 .certificates_per_domain_per_week = 0,
                 .duplicates_per_week = 0,
                 .failures_per_name_per_hour = 0};
    EXPECT_TRUE(order_allowances(ca, {"a.example"}).empty());
    auto failures = failure_allowance(ca, "a.example");
    for (int i = 0; i < 100; ++i) spend({failures}, start);
    EXPECT_EQ(earliest(records, {failures}, start), start);
}

TEST_F(Limits, TokensComeBackEvenly)
{
    allowance four{"key", 4, 4h};
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(earliest(records, {four}, start), start) << i;
        spend({four}, start);
    }
    EXPECT_EQ(earliest(records, {four}, start), start + 1h);
    EXPECT_EQ(earliest(records, {four}, start + 30min), start + 1h) << "the moment stays";
    EXPECT_EQ(earliest(records, {four}, start + 1h), start + 1h);
    spend({four}, start + 1h);
    EXPECT_EQ(earliest(records, {four}, start + 1h), start + 2h);
}

TEST_F(Limits, NoMoreThanTheCapacityComesBack)
{
    allowance two{"key", 2, 2h};
    spend({two}, start);
    auto later = start + 1000h;
    spend({two}, later);
    spend({two}, later);
    EXPECT_EQ(earliest(records, {two}, later), later + 1h);
}

TEST_F(Limits, TheEmptiestOfAllDecides)
{
    allowance quick{"quick", 1, 1min}, slow{"slow", 1, 1h}, free{"free", 10, 1h};
    spend({quick, slow}, start);
    EXPECT_EQ(earliest(records, {quick, slow, free}, start), start + 1h);
    EXPECT_EQ(earliest(records, {quick, free}, start), start + 1min);
    EXPECT_EQ(earliest(records, {free}, start), start);
}

TEST_F(Limits, WhatHappenedIsCountedBeyondNothing)
{
    allowance one{"key", 1, 1h};
    for (int i = 0; i < 3; ++i) spend({one}, start);
    EXPECT_EQ(earliest(records, {one}, start), start + 3h);
}

TEST_F(Limits, ARestartForgetsNothing)
{
    allowance one{"key", 1, 1h};
    spend({one}, start);
    auto later = opened();
    EXPECT_EQ(earliest(later, {one}, start), start + 1h);
}

TEST_F(Limits, ALimitOfLessThanOneIsStillOneInTime)
{
    ca.limits.duplicates_per_week = 1;
    auto all = order_allowances(ca, {"a.example"});
    EXPECT_LE(earliest(records, all, start), start + 14 * 24h) << "the smallest limit must not block for good";
}

TEST_F(Limits, OfOneAreNotNone)
{
    ca.limits.failures_per_name_per_hour = 1;
    EXPECT_EQ(failure_allowance(ca, "a.example").capacity, 1);
}

TEST_F(Limits, RenewalsInAHurryAreFewAndUsualOnesAreFree)
{
    store::certificate_record old;
    old.names = {"a.example"};
    old.not_before = start;
    for (auto life : {duration(90 * 24h), duration(6 * 24h), duration(24h), duration(40s)}) {
        ca.directory += "/another";
        old.not_after = start + life;
        auto each = renewal_allowance(ca, old);
        auto now = start;
        for (int i = 0; i < 20; ++i, now += std::chrono::duration_cast<wall_clock::duration>(life) / 2) {
            EXPECT_EQ(earliest(records, {each}, now), now) << "at half of each life, " << life.count();
            spend({each}, now);
        }
        for (int i = 0; i < 4; ++i) spend({each}, now);
        EXPECT_GE(earliest(records, {each}, now), now + life / 16) << "one after the other";
        EXPECT_LE(earliest(records, {each}, now), now + life / 4) << "well before the last one ends";
    }
}

}  // namespace
}  // namespace lintel::acme
