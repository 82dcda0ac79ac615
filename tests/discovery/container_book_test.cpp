#include "discovery/container_book.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

using namespace std::chrono_literals;
using enum engine_event::kind;

const time_point start{};

container web(container::status state = container::status::running)
{
    container what;
    what.id = "web";
    what.name = "web";
    what.labels = {{"lintel.host", "a.example.com"}};
    what.tcp_ports = {80};
    what.networks = {{"n", "10.0.0.1", ""}};
    what.state = state;
    return what;
}

class ContainerBook : public testing::Test {
protected:
    void event(engine_event::kind what, std::string signal = "")
    {
        book.on_event({what, "web", std::move(signal)}, start);
    }

    /// Answers everything that the book asks for.
    void answer(const std::optional<container>& with)
    {
        while (auto id = book.take_next()) book.inspected(*id, with);
    }

    const model::endpoint& endpoint() const { return into.fragments().at("web").endpoints.at(0).spec; }
    bool known() const { return into.fragments().contains("web"); }

    catalogue into{[] {}};
    container_book book{{}, into};
};

TEST_F(ContainerBook, AStartedContainerIsInspectedOnceAndPublished)
{
    event(changed);
    event(started);
    EXPECT_EQ(book.take_next(), "web");
    EXPECT_EQ(book.take_next(), std::nullopt);
    EXPECT_FALSE(book.idle());
    book.inspected("web", web());
    EXPECT_TRUE(book.idle());
    EXPECT_EQ(endpoint().ready, model::readiness::probe);
    EXPECT_EQ(book.size(), 1U);
}

TEST_F(ContainerBook, AnEventDuringAnInspectCausesOneMore)
{
    event(started);
    EXPECT_EQ(book.take_next(), "web");
    for (int i = 0; i < 3; ++i) event(changed);
    EXPECT_EQ(book.take_next(), std::nullopt) << "one inspect per container at a time";
    book.inspected("web", web());
    EXPECT_TRUE(known()) << "the answer counts nevertheless";
    EXPECT_EQ(book.take_next(), "web");
    book.inspected("web", web());
    EXPECT_TRUE(book.idle());
}

TEST_F(ContainerBook, AStoppingSignalDrainsAtOnceWithoutAnInspect)
{
    event(started);
    answer(web());
    event(signalled, "1");
    EXPECT_FALSE(endpoint().draining) << "HUP";
    event(signalled, "15");
    EXPECT_TRUE(endpoint().draining);
    EXPECT_TRUE(book.idle());
}

TEST_F(ContainerBook, ADrainSurvivesAnInspectThatStillSaysRunning)
{
    event(started);
    EXPECT_EQ(book.take_next(), "web");
    event(signalled, "15");
    book.inspected("web", web());
    EXPECT_TRUE(endpoint().draining);
    book.look_at("web");
    answer(web());
    EXPECT_TRUE(endpoint().draining);
}

TEST_F(ContainerBook, ASignalToAContainerNotYetSeenDrainsIt)
{
    event(signalled, "15");
    answer(web());
    EXPECT_TRUE(endpoint().draining);
}

TEST_F(ContainerBook, ADrainIsTakenBackWhenTheContainerLivesOn)
{
    auto patient = web();
    patient.stop_timeout = 3s;
    event(started);
    answer(patient);
    EXPECT_EQ(book.next_undrain(), time_point::max());
    event(signalled, "15");
    EXPECT_EQ(book.next_undrain(), start + 4s);
    book.undrain(start + 3s);
    EXPECT_TRUE(endpoint().draining);
    book.undrain(start + 4s);
    EXPECT_FALSE(endpoint().draining);
    EXPECT_EQ(book.next_undrain(), time_point::max());
}

TEST_F(ContainerBook, AnEndedContainerKeepsItsRouterUntilItIsRemoved)
{
    event(started);
    answer(web());
    event(signalled, "9");
    event(ended);
    EXPECT_EQ(endpoint().ready, model::readiness::stopped);
    EXPECT_FALSE(endpoint().draining);
    EXPECT_EQ(book.next_undrain(), time_point::max());
    answer(web(container::status::stopped));
    EXPECT_EQ(into.fragments().at("web").routers.size(), 2U);
    event(removed);
    EXPECT_FALSE(known());
    EXPECT_TRUE(book.idle());
    EXPECT_EQ(book.size(), 0U);
}

TEST_F(ContainerBook, AnAnswerFromBeforeTheEndDoesNotReviveAContainer)
{
    event(started);
    answer(web());
    event(changed);
    EXPECT_EQ(book.take_next(), "web");
    event(ended);
    book.inspected("web", web());
    EXPECT_EQ(endpoint().ready, model::readiness::stopped);
    answer(web(container::status::restarting));
    EXPECT_EQ(endpoint().ready, model::readiness::stopped);
}

TEST_F(ContainerBook, AnAnswerFromBeforeTheRemovalDoesNotReviveAContainer)
{
    event(started);
    EXPECT_EQ(book.take_next(), "web");
    event(removed);
    book.inspected("web", web());
    EXPECT_FALSE(known());
    answer(std::nullopt);
    EXPECT_FALSE(known());
    EXPECT_TRUE(book.idle());
}

TEST_F(ContainerBook, AStartEndsADrainAndAStop)
{
    event(started);
    answer(web());
    event(signalled, "15");
    event(started);
    answer(web());
    EXPECT_FALSE(endpoint().draining);
    event(ended);
    event(started);
    answer(web());
    EXPECT_EQ(endpoint().ready, model::readiness::probe);
}

TEST_F(ContainerBook, AContainerThatTheEngineDoesNotKnowIsRemoved)
{
    event(started);
    answer(web());
    book.look_at_all();
    answer(std::nullopt);
    EXPECT_FALSE(known());
}

TEST_F(ContainerBook, AContainerWithoutLabelsLeavesNoTrace)
{
    auto plain = web();
    plain.labels.clear();
    event(started);
    answer(plain);
    EXPECT_FALSE(known());
    book.look_at_all();
    EXPECT_EQ(book.take_next(), std::nullopt);
}

TEST_F(ContainerBook, AtMostEightAreInspectedAtOnce)
{
    for (int i = 0; i < 20; ++i) book.look_at(std::to_string(i));
    std::vector<std::string> taken;
    while (auto id = book.take_next()) taken.push_back(*id);
    EXPECT_EQ(taken.size(), container_book::limit_inspections);
    book.failed(taken.front());
    EXPECT_TRUE(book.take_next());
    EXPECT_FALSE(book.take_next());
}

TEST_F(ContainerBook, ALostConnectionForgetsWhatWasUnderWayAndKeepsWhatIsKnown)
{
    event(started);
    answer(web());
    event(changed);
    EXPECT_EQ(book.take_next(), "web");
    book.look_at("other");
    book.forget_inspections();
    EXPECT_TRUE(book.idle());
    EXPECT_TRUE(known());
    book.look_at_all();
    EXPECT_EQ(book.take_next(), "web");
}

TEST_F(ContainerBook, AFailedInspectKeepsWhatIsKnown)
{
    event(started);
    answer(web());
    event(changed);
    EXPECT_EQ(book.take_next(), "web");
    book.failed("web");
    EXPECT_TRUE(known());
    EXPECT_TRUE(book.idle());
}

TEST_F(ContainerBook, WhoSharesANetworkIsLookedAtWithItsOwner)
{
    auto sharing = web();
    sharing.network_mode = "container:owner";
    event(started);
    answer(sharing);
    book.on_event({started, "owner", ""}, start);
    EXPECT_EQ(book.take_next(), "owner");
    EXPECT_EQ(book.take_next(), "web");
}

}  // namespace
}  // namespace lintel::discovery
