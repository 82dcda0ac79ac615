#include "proxy/upstream/endpoint.hpp"

#include "proxy/upstream/retry_budget.hpp"
#include "proxy/upstream/service.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

using namespace std::chrono_literals;
using model::readiness;

model::endpoint spec(readiness ready, bool draining = false)
{
    return {.host = "10.0.0.2", .port = 3000, .ready = ready, .draining = draining, .source = ""};
}

TEST(Endpoint, IsReadyAtOnceWhereControlSaysSo)
{
    endpoint place("e", spec(readiness::ready), 1);
    EXPECT_TRUE(place.usable());
    EXPECT_FALSE(place.wants_probe());
    EXPECT_EQ(place.state(), "ready");
}

TEST(Endpoint, IsACandidateUntilItAnswers)
{
    endpoint place("e", spec(readiness::probe), 1);
    EXPECT_FALSE(place.usable());
    EXPECT_TRUE(place.wants_probe());
    EXPECT_EQ(place.state(), "candidate");
    EXPECT_TRUE(place.set_reachable(true));
    EXPECT_FALSE(place.set_reachable(true)) << "only one caller changes it";
    EXPECT_TRUE(place.usable());
    EXPECT_EQ(place.state(), "ready");
}

TEST(Endpoint, IsASuspectWhenItStopsAnswering)
{
    for (auto ready : {readiness::probe, readiness::ready}) {
        endpoint place("e", spec(ready), 1);
        place.set_reachable(true);
        EXPECT_TRUE(place.set_reachable(false));
        EXPECT_FALSE(place.usable());
        EXPECT_TRUE(place.wants_probe());
        EXPECT_EQ(place.state(), "suspect");
        place.follow(spec(ready));
        EXPECT_FALSE(place.usable()) << "hearing the same again is no answer";
        place.set_reachable(true);
        EXPECT_TRUE(place.usable());
    }
}

TEST(Endpoint, IsNotUsedWhileControlForbidsIt)
{
    for (auto ready :
         {readiness::starting, readiness::unhealthy, readiness::paused, readiness::stopped, readiness::unconfirmed}) {
        endpoint place("e", spec(ready), 1);
        place.set_reachable(true);
        EXPECT_FALSE(place.usable());
        EXPECT_FALSE(place.wants_probe());
        EXPECT_NE(place.state(), "ready");
        place.follow(spec(readiness::ready));
        EXPECT_TRUE(place.usable());
        place.follow(spec(readiness::stopped));
        EXPECT_FALSE(place.usable());
        EXPECT_EQ(place.state(), "stopped");
    }
}

TEST(Endpoint, MustAnswerAgainAfterItWasAway)
{
    endpoint place("e", spec(readiness::probe), 1);
    place.set_reachable(true);
    place.follow(spec(readiness::stopped));
    place.follow(spec(readiness::probe));
    EXPECT_FALSE(place.usable());
    EXPECT_TRUE(place.wants_probe());
}

TEST(Endpoint, StaysConfirmedWhileTheEngineIsAway)
{
    endpoint served("e", spec(readiness::probe), 1);
    served.set_reachable(true);
    served.follow(spec(readiness::unconfirmed));
    EXPECT_TRUE(served.usable()) << "this edge serves it already";
    endpoint unknown("e", spec(readiness::unconfirmed), 1);
    EXPECT_FALSE(unknown.usable());
    EXPECT_EQ(unknown.state(), "unconfirmed");
}

TEST(Endpoint, GetsNoNewRequestWhileItDrains)
{
    endpoint place("e", spec(readiness::ready), 1);
    place.follow(spec(readiness::ready, true));
    EXPECT_FALSE(place.usable());
    EXPECT_FALSE(place.wants_probe());
    EXPECT_EQ(place.state(), "draining");
    place.follow(spec(readiness::ready));
    EXPECT_TRUE(place.usable()) << "no die followed the kill";
    place.retire();
    EXPECT_FALSE(place.usable());
}

TEST(Endpoint, HasAnAuthority)
{
    EXPECT_EQ(endpoint("e", spec(readiness::ready), 1).authority(), "10.0.0.2:3000");
    auto six = spec(readiness::ready);
    six.host = "::1";
    EXPECT_EQ(endpoint("e", six, 1).authority(), "[::1]:3000");
}

TEST(Endpoint, SumsItsWorkersShares)
{
    endpoint place("e", spec(readiness::ready), 3);
    place.of(0).in_flight = 2;
    place.of(2).in_flight = 3;
    EXPECT_EQ(place.in_flight(), 5U);
}

service service_of(std::vector<readiness> each, std::size_t workers = 1)
{
    service made{.id = "s",
                 .endpoints = {},
                 .turns = std::make_shared<rotation>(workers),
                 .security = {},
                 .proxy_header = {},
                 .refusal = {}};
    for (auto ready : each)
        made.endpoints.push_back(
            std::make_shared<endpoint>(std::to_string(made.endpoints.size()), spec(ready), workers));
    return made;
}

std::string chosen(const service& from, std::size_t worker, std::initializer_list<const endpoint*> avoid = {})
{
    auto found = from.choose(worker, {avoid.begin(), avoid.size()});
    return found ? found->id() : "none";
}

TEST(Service, GivesItsEndpointsTurns)
{
    auto all = service_of({readiness::ready, readiness::ready, readiness::ready});
    std::string order;
    for (int i = 0; i < 7; ++i) order += chosen(all, 0);
    EXPECT_EQ(order, "0120120");
}

TEST(Service, SkipsWhatCantBeUsed)
{
    auto all = service_of({readiness::ready, readiness::starting, readiness::ready});
    std::string order;
    for (int i = 0; i < 4; ++i) order += chosen(all, 0);
    EXPECT_EQ(order, "0202");
    EXPECT_EQ(chosen(all, 0, {all.endpoints[0].get()}), "2");
    EXPECT_EQ(chosen(all, 0, {all.endpoints[0].get(), all.endpoints[2].get()}), "none");
    EXPECT_EQ(chosen(service_of({}), 0), "none");
}

TEST(Service, ShunsAnEndpointThatTakesConnectionsAndNeverAnswers)
{
    auto all = service_of({readiness::ready, readiness::ready});
    auto& silent = *all.endpoints[0];
    auto now = steady_clock::now();
    for (int i = 0; i < 2; ++i) silent.failed_to_answer(now);
    EXPECT_FALSE(silent.shunned()) << "twice may be bad luck";
    silent.failed_to_answer(now);
    EXPECT_TRUE(silent.shunned());
    for (int i = 0; i < 4; ++i) EXPECT_EQ(chosen(all, 0), "1");
    EXPECT_EQ(chosen(all, 0, {all.endpoints[1].get()}), "0") << "where there is no other";
    silent.answered();
    EXPECT_FALSE(silent.shunned());
}

TEST(Service, ShunsForASecondAndThenTwiceAsLong)
{
    auto all = service_of({readiness::ready});
    auto& silent = *all.endpoints[0];
    auto now = steady_clock::now();
    for (int i = 0; i < 3; ++i) silent.failed_to_answer(now - std::chrono::milliseconds(1100));
    EXPECT_FALSE(silent.shunned()) << "the second is over";
    silent.failed_to_answer(now - std::chrono::milliseconds(1100));
    EXPECT_TRUE(silent.shunned()) << "two seconds are not";
}

TEST(Service, KeepsATurnPerWorker)
{
    auto all = service_of({readiness::ready, readiness::ready}, 2);
    EXPECT_EQ(chosen(all, 0), "0");
    EXPECT_EQ(chosen(all, 1), "0");
    EXPECT_EQ(chosen(all, 0), "1");
}

TEST(Service, KeepsItsTurnWhenItShrinks)
{
    auto all = service_of({readiness::ready, readiness::ready, readiness::ready});
    chosen(all, 0);
    chosen(all, 0);
    service smaller{.id = "s",
                    .endpoints = {all.endpoints[0]},
                    .turns = all.turns,
                    .security = {},
                    .proxy_header = {},
                    .refusal = {}};
    EXPECT_EQ(chosen(smaller, 0), "0");
    EXPECT_EQ(chosen(smaller, 0), "0");
}

TEST(Service, SaysTheMostHopefulReason)
{
    struct row {
        std::vector<readiness> states;
        const char* why;
    };
    for (const auto& [states, why] : {
             row{{}, "no-endpoint"},
             row{{readiness::stopped}, "stopped"},
             row{{readiness::stopped, readiness::unhealthy}, "unhealthy"},
             row{{readiness::unhealthy, readiness::starting, readiness::paused}, "starting"},
             row{{readiness::probe, readiness::unhealthy}, "starting"},
             row{{readiness::unconfirmed, readiness::stopped}, "unconfirmed"},
         }) {
        EXPECT_EQ(service_of(states).why_none(), why);
    }
}

TEST(RetryBudget, LetsTenASecondThroughWithoutTraffic)
{
    retry_budget budget;
    auto now = time_point{} + 100h;
    while (budget.take(now)) {
    }
    for (int second = 1; second <= 3; ++second) {
        int taken = 0;
        for (int i = 0; i < 100; ++i) taken += budget.take(now + second * 1s) ? 1 : 0;
        EXPECT_EQ(taken, 10);
    }
}

TEST(RetryBudget, LetsAFifthOfTheRequestsThroughBesides)
{
    retry_budget budget;
    auto now = time_point{} + 100h;
    while (budget.take(now)) {
    }
    for (int i = 0; i < 100; ++i) budget.on_request();
    int taken = 0;
    for (int i = 0; i < 100; ++i) taken += budget.take(now) ? 1 : 0;
    EXPECT_NEAR(taken, 20, 1);
}

TEST(RetryBudget, SavesUpNoMoreThanItsCap)
{
    retry_budget budget;
    auto now = time_point{} + 100h;
    for (int i = 0; i < 1'000'000; ++i) budget.on_request();
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += budget.take(now) ? 1 : 0;
    EXPECT_LE(taken, 110);
}

TEST(RetryBudget, IsNotFooledByAClockThatStands)
{
    retry_budget budget;
    auto now = time_point{} + 100h;
    int taken = 0;
    for (int i = 0; i < 1000; ++i) taken += budget.take(now) ? 1 : 0;
    EXPECT_LE(taken, 20);
}

}  // namespace
}  // namespace lintel::proxy
