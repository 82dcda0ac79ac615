#include "model/snapshot.hpp"

#include "tests/support/random_model.hpp"

#include <gtest/gtest.h>

namespace lintel::model {
namespace {

TEST(Difference, TurnsOneSnapshotIntoAnother)
{
    test::random_model made_up(2);
    for (int round = 0; round < 200; ++round) {
        auto before = made_up.snapshot(made_up.below(20)), after = made_up.snapshot(made_up.below(20));
        auto target = before;
        apply(target, difference(before, after));
        ASSERT_EQ(target, after) << "round " << round;
    }
}

TEST(Difference, OfTheSameStateIsEmpty)
{
    auto state = test::random_model(3).snapshot(20);
    EXPECT_TRUE(difference(state, state).empty());
    EXPECT_TRUE(difference({}, {}).empty());
}

TEST(Difference, NamesOnlyWhatChanged)
{
    snapshot before, after;
    before.routers["kept"].rule = after.routers["kept"].rule = "Host(`a`)";
    before.routers["gone"].rule = "Host(`b`)";
    before.routers["changed"].priority = 1;
    after.routers["changed"].priority = 2;
    after.endpoints["new"].port = 80;
    auto step = difference(before, after);
    EXPECT_EQ(step.upsert.routers.size(), 1U);
    EXPECT_EQ(step.upsert.routers.at("changed").priority, 2);
    EXPECT_EQ(step.remove.routers, std::vector<std::string>{"gone"});
    EXPECT_EQ(step.upsert.endpoints.size(), 1U);
    EXPECT_TRUE(step.remove.endpoints.empty());
    EXPECT_FALSE(step.reset);
}

TEST(RoutingDifference, LeavesCertificatesAndChallengesAlone)
{
    snapshot before, after;
    before.certificates["gone"].names = {"a"};
    after.challenges["new"].name = "a";
    after.routers["new"].rule = "Host(`a`)";
    auto step = routing_difference(before, after);
    EXPECT_EQ(step.upsert.routers.size(), 1U);
    EXPECT_TRUE(step.remove.certificates.empty());
    EXPECT_TRUE(step.upsert.challenges.empty());
}

TEST(Fold, LeadsWhereTheStepsLead)
{
    test::random_model made_up(5);
    for (int round = 0; round < 200; ++round) {
        auto first = made_up.snapshot(made_up.below(20)), target = first, now = first;
        delta folded;
        for (int i = 0; i < 4; ++i) {
            auto next = made_up.snapshot(made_up.below(20));
            fold(folded, difference(now, next));
            now = next;
        }
        apply(target, folded);
        ASSERT_EQ(target, now) << "round " << round;
        for (const auto& id : folded.remove.endpoints) EXPECT_FALSE(folded.upsert.endpoints.contains(id));
    }
}

TEST(Apply, OfAResetForgetsEverythingFirst)
{
    test::random_model made_up(4);
    auto target = made_up.snapshot(10), wanted = made_up.snapshot(5);
    delta step;
    step.reset = true;
    step.upsert = wanted;
    apply(target, step);
    EXPECT_EQ(target, wanted);
}

TEST(RemoveOversized, ClosesWhatNamesThatWhichIsLeftOut)
{
    snapshot whole;
    whole.tls_option_sets["o"].client_ca_pem = std::string(object_limit_bytes, 'x');
    whole.routers["r"].tls_options = "o";
    whole.routers["r"].service = "s";
    auto problems = remove_oversized(whole);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_TRUE(problems[0].what.contains("set of TLS options (o)"));
    EXPECT_TRUE(whole.routers.at("r").refusal.contains("TLS options o are not there"));
    EXPECT_EQ(whole.routers.at("r").service, "");
}

TEST(Apply, IgnoresRemovalsOfWhatIsNotThere)
{
    snapshot target;
    target.services["a"];
    delta step;
    step.remove.services = {"b", "a", "a"};
    apply(target, step);
    EXPECT_EQ(target, snapshot{});
}

}  // namespace
}  // namespace lintel::model
