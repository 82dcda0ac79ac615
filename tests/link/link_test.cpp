#include "link/messages.hpp"
#include "link/publisher.hpp"
#include "link/subscriber.hpp"
#include "model/json.hpp"
#include "net/frames.hpp"
#include "net/socket.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/random_model.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

namespace lintel::link {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

template <class Message>
Message round_trip(const Message& what)
{
    auto frame = encode(what);
    EXPECT_TRUE(is_message(frame)) << frame;
    auto back = decode(frame);
    EXPECT_TRUE(back) << (back ? "" : back.error().what);
    return std::get<Message>(*back);
}

TEST(LinkMessages, ComeBackAsTheyWere)
{
    ticket_key key{"\0\xFF\x01 key"s, wall_clock::from_time_t(1'800'000'000)};
    auto first = round_trip(hello{.edge = "e1", .pid = 4711, .serving = true, .ticket_keys = {key, key}});
    EXPECT_EQ(first.protocol, protocol);
    EXPECT_EQ(first.edge, "e1");
    EXPECT_EQ(first.pid, 4711);
    EXPECT_TRUE(first.serving);
    EXPECT_EQ(first.ticket_keys, (std::vector{key, key}));
    EXPECT_TRUE(round_trip(hello{}).ticket_keys.empty());

    auto done = round_trip(ack{UINT64_MAX, {{"router", "r\"1", "because"}}});
    EXPECT_EQ(done.version, UINT64_MAX);
    ASSERT_EQ(done.rejected.size(), 1U);
    EXPECT_EQ(done.rejected[0].id, "r\"1");

    EXPECT_EQ(round_trip(stats{{{"requests", 7}, {"connections", UINT64_MAX}}}).counters.at("connections"), UINT64_MAX);
    EXPECT_TRUE(round_trip(stats{}).counters.empty());
    EXPECT_EQ(round_trip(endpoint_report{"e", "suspect", "refused"}).why, "refused");
    EXPECT_EQ(round_trip(refusal{"a.example"}).name, "a.example");
    EXPECT_EQ(round_trip(ask{"a.example"}).name, "a.example");
}

TEST(LinkMessages, AreToldFromDeltas)
{
    for (const auto& frame : model::encode({}, 1000)) EXPECT_FALSE(is_message(frame));
    EXPECT_FALSE(is_message(""));
}

TEST(LinkMessages, AreProblemsWhereTheyAreMalformed)
{
    for (const auto& frame : {""s,
                              "{}"s,
                              "[]"s,
                              "7"s,
                              "nonsense"s,
                              R"({"type":"gizmo"})"s,
                              R"({"type":7})"s,
                              R"({"type":"hello"})"s,
                              R"({"type":"hello","protocol":"x"})"s,
                              R"({"type":"ack"})"s,
                              R"({"type":"ack","version":"x"})"s,
                              R"({"type":"ack","version":1,"rejected":[7]})"s,
                              R"({"type":"ack","version":1,"rejected":[{}]})"s,
                              R"({"type":"ack","version":1e300})"s,
                              R"({"type":"stats"})"s,
                              R"({"type":"stats","counters":7})"s,
                              R"({"type":"stats","counters":{"a":"b"}})"s,
                              R"({"type":"endpoint","id":"a"})"s,
                              R"({"type":"endpoint","id":7,"state":"x"})"s,
                              "\xFF"s}) {
        EXPECT_NO_THROW(EXPECT_FALSE(decode(frame)) << frame);
    }
}

/// Control and an edge in one loop, over a real socket.
class Link : public testing::Test {
protected:
    ~Link() override
    {
        stop(control_tasks);
        stop(edge_tasks);
    }

    void start_control()
    {
        socket = std::move(net::bind_unix(path)).value();
        control = std::make_unique<publisher>(
            loop, socket.get(), ::getuid(), [] {}, [this](const std::string& name) { asked.push_back(name); });
        control_tasks = std::make_unique<net::task_group>(loop);
        control_tasks->spawn("control", control->run());
    }

    void stop_control()
    {
        stop(control_tasks);
        control.reset();
        socket.reset();
    }

    void start_edge(const std::string& id = "edge-1")
    {
        subscriber::callbacks calls{
            .apply = [this](const model::delta& step) { return apply(step); },
            .use_ticket_keys = [this](const std::vector<std::string>& keys) { ticket_keys.push_back(keys); },
            .refuse = [this](const std::string& name) { refused.push_back(name); },
            .endpoints = [] { return std::vector<endpoint_report>{{"e1", "ready", ""}}; },
        };
        edge = std::make_unique<subscriber>(loop, path, id, calls);
        edge_tasks = std::make_unique<net::task_group>(loop);
        edge_tasks->spawn("edge", edge->run());
    }

    task<std::vector<rejection>> apply(const model::delta& step)
    {
        steps.push_back(step);
        model::apply(state, step);
        EXPECT_FALSE(applying) << "one at a time";
        applying = true;
        while (held) {
            net::event pause(loop);
            (void)co_await pause.wait_until(steady_clock::now() + 1ms);
        }
        applying = false;
        co_return rejects;
    }

    std::uint64_t publish(const model::snapshot& wanted, publisher::standing how = publisher::standing::current)
    {
        return control->publish(model::difference(control->current(), wanted), how);
    }

    void stop(std::unique_ptr<net::task_group>& tasks)
    {
        if (!tasks) return;
        tasks->stop();
        loop.complete(tasks->join());
        tasks.reset();
    }

    bool until(const std::function<bool()>& done) { return test::run_until(loop, done); }
    bool until_applied(std::uint64_t version)
    {
        return until([&] { return control->edge().connected && control->edge().applied == version; });
    }

    test::temporary_folder folder;
    std::string path = folder / "link";
    net::worker loop;
    unique_fd socket;
    std::unique_ptr<publisher> control;
    std::unique_ptr<subscriber> edge;
    std::unique_ptr<net::task_group> control_tasks, edge_tasks;
    model::snapshot state;
    std::vector<model::delta> steps;
    std::vector<std::vector<std::string>> ticket_keys;  ///< as they were handed over
    std::vector<rejection> rejects;
    std::vector<std::string> asked, refused;
    bool held = false, applying = false;
    test::random_model made_up{21};
};

TEST_F(Link, SendsTheFullSnapshotFirstAndDeltasAfterIt)
{
    start_control();
    auto first = made_up.snapshot(20);
    publish(first);
    start_edge();
    ASSERT_TRUE(until_applied(1));
    EXPECT_EQ(state, first);
    EXPECT_TRUE(steps[0].reset);
    auto second = first;
    second.routers["new"].rule = "Host(`new`)";
    EXPECT_EQ(publish(second), 2U);
    ASSERT_TRUE(until_applied(2));
    EXPECT_EQ(state, second);
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_FALSE(steps[1].reset);
    EXPECT_EQ(steps[1].base, 1U);
    EXPECT_EQ(steps[1].upsert.routers.size(), 1U);
    EXPECT_TRUE(steps[1].upsert.services.empty());
}

TEST_F(Link, KeepsTheVersionOfTheSameState)
{
    start_control();
    auto same = made_up.snapshot(3);
    EXPECT_EQ(publish(same), 1U);
    EXPECT_EQ(publish(same), 1U);
    EXPECT_EQ(control->version(), 1U);
}

TEST_F(Link, CarriesStatesOfManyFrames)
{
    start_control();
    model::snapshot large;
    for (int i = 0; i < 10'000; ++i) {
        auto& router = large.routers["router-" + std::to_string(i)];
        router.rule = "Host(`" + std::string(100, 'a') + std::to_string(i) + "`)";
        router.source = std::string(100, 'x');
    }
    publish(large);
    start_edge();
    ASSERT_TRUE(until_applied(1));
    EXPECT_TRUE(state == large);
    EXPECT_EQ(steps.size(), 1U);
}

TEST_F(Link, KeepsOneDeltaInFlightAndFoldsTheOthers)
{
    start_control();
    model::snapshot wanted;
    publish(wanted);
    start_edge();
    ASSERT_TRUE(until_applied(1));
    held = true;
    for (int i = 0; i < 5; ++i) {
        wanted.services["s" + std::to_string(i)];
        publish(wanted);
        if (i == 0) ASSERT_TRUE(until([&] { return applying; }));
    }
    EXPECT_EQ(control->edge().applied, 1U) << "acked only when it is in force";
    held = false;
    ASSERT_TRUE(until_applied(6));
    EXPECT_EQ(state, wanted);
    EXPECT_EQ(steps.size(), 3U) << "the first one, and the other four as one";
}

TEST_F(Link, TellsControlWhatTheEdgeSays)
{
    start_control();
    rejects = {{"router", "r1", "no such service"}};
    publish({});
    start_edge();
    ASSERT_TRUE(until_applied(1));
    ASSERT_EQ(control->edge().rejected.size(), 1U);
    EXPECT_EQ(control->edge().rejected[0].why, "no such service");
    EXPECT_EQ(control->edge().id, "edge-1");
    EXPECT_EQ(control->edge().pid, ::getpid());
    EXPECT_EQ(control->edge().endpoints.at("e1").state, "ready") << "said after each hello";
    edge->report(stats{{{"requests", 12}}});
    edge->report(ask{"a.example"});
    edge->report(endpoint_report{"e1", "suspect", "refused"});
    ASSERT_TRUE(until([&] {
        return control->edge().counters.contains("requests") && control->edge().endpoints.at("e1").state == "suspect";
    }));
    EXPECT_EQ(asked, std::vector<std::string>{"a.example"});
}

TEST_F(Link, TellsEdgesOfNamesThatAreRefused)
{
    start_control();
    control->refuse("nobody.example");
    publish({});
    start_edge();
    ASSERT_TRUE(until_applied(1));
    held = true;
    publish(made_up.snapshot(5));
    control->refuse("a.example");
    control->refuse("b.example");
    held = false;
    ASSERT_TRUE(until([&] { return refused.size() == 2; }));
    EXPECT_EQ(refused, (std::vector<std::string>{"a.example", "b.example"}));
    ASSERT_TRUE(until_applied(2));
}

TEST_F(Link, SendsNothingBeforeThereIsSomething)
{
    start_control();
    start_edge();
    ASSERT_TRUE(until([&] { return control->edge().connected; }));
    EXPECT_TRUE(steps.empty());
    publish({});
    ASSERT_TRUE(until_applied(1));
    EXPECT_TRUE(steps[0].reset);
}

TEST_F(Link, ComesBackWhenControlDoes)
{
    start_edge();  // dials before anyone listens
    start_control();
    auto wanted = made_up.snapshot(5);
    publish(wanted);
    ASSERT_TRUE(until_applied(1));
    ASSERT_EQ(ticket_keys.size(), 1U);
    stop_control();
    start_control();
    publish(wanted);
    ASSERT_TRUE(until_applied(1));
    EXPECT_TRUE(steps.back().reset);
    EXPECT_EQ(state, wanted);
    EXPECT_EQ(ticket_keys.size(), 1U) << "the new control got the keys back from the edge";
}

TEST_F(Link, TellsTheEdgeOfNewTicketKeys)
{
    start_control();
    publish(made_up.snapshot(5));
    start_edge();
    ASSERT_TRUE(until_applied(1));
    auto start = wall_clock::now();
    control->renew_ticket_keys(start + 11h);
    control->renew_ticket_keys(start + 13h);
    ASSERT_TRUE(until([&] { return ticket_keys.size() == 2; }));
    ASSERT_EQ(ticket_keys[1].size(), 2U);
    EXPECT_NE(ticket_keys[1][0], ticket_keys[0][0]) << "the new one seals";
    EXPECT_EQ(ticket_keys[1][1], ticket_keys[0][0]) << "what the old one has sealed is still good";

    stop(edge_tasks);
    ASSERT_TRUE(until([&] { return !control->edge().connected; }));
    start_edge("second");
    ASSERT_TRUE(until([&] { return ticket_keys.size() == 3; }));
    EXPECT_EQ(ticket_keys[2], ticket_keys[1]);
}

TEST_F(Link, TakesTheNextEdgeWithTheSameTicketKey)
{
    start_control();
    publish(made_up.snapshot(5));
    start_edge("first");
    ASSERT_TRUE(until_applied(1));
    stop(edge_tasks);
    ASSERT_TRUE(until([&] { return !control->edge().connected; }));
    state = {};
    start_edge("second");
    ASSERT_TRUE(until_applied(1));
    EXPECT_EQ(control->edge().id, "second");
    EXPECT_EQ(state, control->current());
    ASSERT_EQ(ticket_keys.size(), 2U);
    EXPECT_EQ(ticket_keys[0], ticket_keys[1]);
    ASSERT_EQ(ticket_keys[0].size(), 1U);
    EXPECT_EQ(ticket_keys[0][0].size(), 80U);
}

TEST_F(Link, WithholdsAProvisionalStateFromAnEdgeThatServes)
{
    start_control();
    auto good = made_up.snapshot(5), old = made_up.snapshot(5);
    publish(good);
    start_edge();
    ASSERT_TRUE(until_applied(1));
    stop_control();
    start_control();
    publish(old, publisher::standing::provisional);
    ASSERT_TRUE(until([&] { return control->edge().connected && control->edge().endpoints.contains("e1"); }));
    EXPECT_EQ(state, good) << "what may be older does not replace what is in force";
    publish(good);
    ASSERT_TRUE(until_applied(2));
    EXPECT_EQ(state, good);
}

TEST_F(Link, GivesAProvisionalStateToAnEdgeThatHasNone)
{
    start_control();
    auto old = made_up.snapshot(5);
    publish(old, publisher::standing::provisional);
    start_edge();
    ASSERT_TRUE(until_applied(1));
    EXPECT_EQ(state, old);
    publish(old);
    ASSERT_TRUE(until_applied(2)) << "the same state, but current now";
}

TEST_F(Link, RefusesAnotherUsersProcess)
{
    socket = std::move(net::bind_unix(path)).value();
    control = std::make_unique<publisher>(loop, socket.get(), ::getuid() + 1, [] {}, [](const std::string&) {});
    control_tasks = std::make_unique<net::task_group>(loop);
    control_tasks->spawn("control", control->run());
    auto connected = test::outcome_of(loop, net::connect(loop, net::address::of_unix(path).value(), 5s)).value();
    auto frame = test::outcome_of(loop, net::read_frame(*connected));
    EXPECT_FALSE(frame);
    EXPECT_FALSE(control->edge().connected);
}

TEST_F(Link, RefusesAnotherProtocol)
{
    start_control();
    auto connected = test::outcome_of(loop, net::connect(loop, net::address::of_unix(path).value(), 5s)).value();
    hello from_the_future;
    from_the_future.protocol = protocol + 1;
    from_the_future.edge = "x";
    ASSERT_TRUE(test::outcome_of(loop, net::write_frame(*connected, encode(from_the_future))));
    EXPECT_FALSE(test::outcome_of(loop, net::read_frame(*connected)));
    EXPECT_FALSE(control->edge().connected);
}

}  // namespace
}  // namespace lintel::link
