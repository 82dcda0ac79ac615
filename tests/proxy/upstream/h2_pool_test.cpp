#include "proxy/upstream/h2_pool.hpp"

#include "http/error.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"
#include "proxy/upstream/lease.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/h2_peer.hpp"
#include "tests/support/http_text.hpp"
#include "tests/support/run_until.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <list>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace lintel::proxy {
namespace {

using namespace std::chrono_literals;

/// The upstream's end of one connection.
struct accepted {
    explicit accepted(unique_fd socket) : far(std::move(socket)), peer(far.get(), http::h2_preface.size()) {}
    test::far_side far;
    test::h2_peer peer;
};

/// An app of which every byte is the test's, on a port of loopback. It takes connections only when it is asked to.
class app {
public:
    app() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
    {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof where;
        if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&where), length) != 0 ||
            ::listen(listener_.get(), 64) != 0 ||
            ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&where), &length) != 0)
            throw std::runtime_error("can't listen");
        port = ntohs(where.sin_port);
    }

    void receive()
    {
        unique_fd socket;
        while (socket = unique_fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), socket)
            connections.emplace_back(std::move(socket));
        for (auto& each : connections) each.peer.receive();
    }
    void stop_listening() { listener_.reset(); }

    std::uint16_t port;
    std::deque<accepted> connections;

private:
    unique_fd listener_;
};

/// One request's wish for a call.
struct asking {
    asking(worker_state& worker, const endpoint_ptr& target, const security_ptr& none)
        : held(std::in_place, worker, target, manner_of_speaking{.scheme = model::scheme::h2c, .security = none})
    {
    }
    bool has_call() const { return held && held->has_call(); }

    std::optional<lease> held;
    bool over = false;  ///< it has a call, or why not is in `why`
    error_code why;
};

class H2Pool : public testing::Test {
protected:
    explicit H2Pool(std::size_t most = 4) { what.h2_connections_per_endpoint = most; }
    ~H2Pool() override
    {
        for (auto& each : requests) {
            if (each.held) each.held->abort();
        }
        EXPECT_TRUE(until([&] { return running.size() == 0; }));
        requests.clear();
    }

    bool until(const std::function<bool()>& done)
    {
        return test::run_until(loop, [&] {
            server.receive();
            return done();
        });
    }

    /// As a request does it: what is there, or else connect.
    asking& ask(duration limit = 5s)
    {
        auto& mine = requests.emplace_back(worker, place, none);
        if (mine.held->take_pooled(freshness::any_pooled))
            mine.over = true;
        else
            running.spawn("connect", connect(mine, limit));
        return mine;
    }

    /// Asks something over it, and waits until the app has it: the stream is there then.
    void begin(asking& by, accepted& over, std::uint32_t stream)
    {
        running.spawn("send", send(by.held->call(), request, body));
        EXPECT_TRUE(until([&] { return over.peer.streams[stream].ended; }));
    }

    /// The app's n-th connection, which takes so many streams.
    accepted& greeted(std::size_t number, std::uint32_t streams)
    {
        EXPECT_TRUE(until([&] { return server.connections.size() >= number; }));
        auto& here = server.connections.at(number - 1);
        here.far.send(test::h2_setting(3, streams));
        return here;
    }

    /// The loop has seen all that was said and has nothing more to do.
    void settle()
    {
        for (auto& each : server.connections) {
            if (each.peer.closed) continue;
            each.far.send(test::h2_frame(http::h2_frame::ping, 0, "12345678"));
            EXPECT_TRUE(until([&, before = each.peer.pongs] { return each.peer.pongs > before || each.peer.closed; }));
        }
        EXPECT_TRUE(until([rounds = 0]() mutable { return ++rounds > 3; }));
    }

    bool all_have_calls(std::initializer_list<asking*> those)
    {
        return until([&] { return std::ranges::all_of(those, [](auto* each) { return each->has_call(); }); });
    }

    endpoint::share& share() { return place->of(0); }

    net::worker loop;
    settings what;
    proxy::admission door{{1, 1, {}}};
    table_cell tables{std::make_shared<route_table>()};
    tls::store_cell certificates{std::make_shared<tls::store>()};
    worker_state worker{loop, 0, what, door, tables, certificates, nullptr, {}, {}, {}};
    security_ptr none;
    app server;
    endpoint_ptr place = std::make_shared<endpoint>(
        "e", model::endpoint{.host = "127.0.0.1", .port = server.port, .ready = model::readiness::ready, .source = ""},
        1);
    http::request_head request = [] {
        http::request_head head;
        head.method = "GET";
        head.path = "/x";
        head.authority = "a";
        return head;
    }();
    http::memory_body body;
    std::list<asking> requests;
    net::task_group running{loop};

    static task<void> send(http::upstream_call& call, const http::request_head& what, http::body_source& with)
    {
        (void)co_await call.send(what, with);
    }

private:
    static task<void> connect(asking& mine, duration limit)
    {
        mine.why = test::error_of(co_await mine.held->connect(limit));
        mine.over = true;
    }
};

class SmallH2Pool : public H2Pool {
protected:
    SmallH2Pool() : H2Pool(1) {}
};

TEST_F(H2Pool, SharesAConnectionUpToWhatTheAppTakes)
{
    auto& first = ask();
    auto& second = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    EXPECT_TRUE(until([&] { return server.connections.size() == 1 && server.connections[0].peer.settled; }));
    EXPECT_FALSE(second.over) << "nobody has said how many it takes, and it carries one";
    EXPECT_EQ(server.connections.size(), 1U);
    greeted(1, 3);
    EXPECT_TRUE(all_have_calls({&second}));
    EXPECT_TRUE(ask().has_call()) << "at once";
    EXPECT_FALSE(first.held->pooled());
    EXPECT_TRUE(requests.back().held->pooled());
    auto& fourth = ask();
    EXPECT_TRUE(all_have_calls({&fourth}));
    EXPECT_EQ(server.connections.size(), 2U);
}

TEST_F(H2Pool, ManyThatWaitForOneConnectionOpenNoSecond)
{
    for (int i = 0; i < 10; ++i) ask();
    greeted(1, 10);
    EXPECT_TRUE(until([&] { return std::ranges::all_of(requests, &asking::has_call); }));
    settle();
    EXPECT_EQ(server.connections.size(), 1U);
}

TEST_F(H2Pool, TakesTheConnectionWithTheFewestCalls)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    greeted(1, 1);
    auto& second = ask();
    EXPECT_TRUE(all_have_calls({&second}));
    greeted(2, 10);
    server.connections[0].far.send(test::h2_setting(3, 10));
    settle();
    auto& third = ask();
    ASSERT_TRUE(third.has_call());
    auto& fourth = ask();
    ASSERT_TRUE(fourth.has_call());
    for (auto* each : {&third, &fourth}) running.spawn("send", send(each->held->call(), request, body));
    EXPECT_TRUE(until([&] {
        return std::ranges::all_of(server.connections, [](auto& each) { return each.peer.streams[1].ended; });
    })) << "one each";
}

TEST_F(H2Pool, OpensNoMoreThanItMay)
{
    for (std::size_t number = 1; number <= 4; ++number) {
        auto& one = ask();
        EXPECT_TRUE(all_have_calls({&one}));
        greeted(number, 1);
        settle();
    }
    auto& late = ask();
    settle();
    EXPECT_FALSE(late.over);
    EXPECT_EQ(server.connections.size(), 4U);
    requests.front().held.reset();
    EXPECT_TRUE(all_have_calls({&late}));
    settle();
    EXPECT_EQ(server.connections.size(), 4U);
}

TEST_F(SmallH2Pool, WhoWaitsGetsWhatBecomesFree)
{
    auto& first = ask();
    auto& second = ask();
    greeted(1, 2);
    EXPECT_TRUE(all_have_calls({&first, &second}));
    auto &third = ask(), &fourth = ask();
    settle();
    EXPECT_FALSE(third.over || fourth.over);
    first.held.reset();
    second.held.reset();  // in the same breath
    EXPECT_TRUE(all_have_calls({&third, &fourth})) << "both places are taken";
}

TEST_F(SmallH2Pool, NobodyJumpsTheQueue)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    greeted(1, 1);
    settle();
    auto &second = ask(), &third = ask();
    first.held.reset();
    auto& late = ask();
    EXPECT_FALSE(late.over) << "others came before";
    EXPECT_TRUE(all_have_calls({&second}));
    settle();
    EXPECT_FALSE(third.over || late.over);
    second.held.reset();
    EXPECT_TRUE(all_have_calls({&third}));
    settle();
    EXPECT_FALSE(late.over);
    third.held.reset();
    EXPECT_TRUE(all_have_calls({&late}));
}

TEST_F(SmallH2Pool, WaitsForALimitedTime)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    greeted(1, 1);
    auto& hasty = ask(50ms);
    auto& patient = ask();
    EXPECT_TRUE(until([&] { return hasty.over; }));
    EXPECT_EQ(hasty.why, net::errc::timed_out);
    EXPECT_FALSE(patient.over);
    first.held.reset();
    EXPECT_TRUE(all_have_calls({&patient}));
}

TEST_F(SmallH2Pool, WhoGivesUpLeavesItsTurnToTheNext)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    greeted(1, 1);
    settle();
    auto &second = ask(), &third = ask();
    settle();
    first.held.reset();  // the second's turn
    second.held->abort();
    EXPECT_TRUE(until([&] { return second.over; }));
    EXPECT_EQ(second.why, net::errc::aborted);
    EXPECT_TRUE(all_have_calls({&third}));
}

TEST_F(SmallH2Pool, AnAppThatTakesMoreThanBeforeIsAskedMore)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    auto& app = greeted(1, 1);
    auto &second = ask(), &third = ask();
    settle();
    EXPECT_FALSE(second.over || third.over);
    app.far.send(test::h2_setting(3, 3));
    EXPECT_TRUE(all_have_calls({&second, &third}));
}

TEST_F(H2Pool, AConnectionThatCanNotBeHadFailsAllWhoWaitForIt)
{
    server.stop_listening();
    auto &first = ask(), &second = ask(), &third = ask();
    EXPECT_TRUE(until([&] { return first.over && second.over && third.over; }));
    EXPECT_EQ(first.why, boost::system::errc::connection_refused);
    EXPECT_EQ(second.why, first.why);
    EXPECT_EQ(third.why, first.why);
    EXPECT_TRUE(share().multiplexed.at(0)->empty());
}

TEST_F(H2Pool, WhoeverStopsConnectingFailsNobodyElse)
{
    auto &first = ask(), &second = ask();
    first.held->abort();
    EXPECT_TRUE(until([&] { return first.over; }));
    EXPECT_EQ(first.why, net::errc::aborted);
    EXPECT_TRUE(all_have_calls({&second})) << "it opens one itself";
}

TEST_F(H2Pool, NothingNewGoesWhereTheAppIsLeaving)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    auto& app = greeted(1, 10);
    begin(first, app, 1);
    EXPECT_TRUE(ask().has_call());
    app.far.send(test::h2_goaway(0x7FFF'FFFF));
    settle();
    auto& late = ask();
    EXPECT_FALSE(late.over);
    EXPECT_TRUE(all_have_calls({&late}));
    EXPECT_EQ(server.connections.size(), 2U);
    EXPECT_FALSE(app.peer.closed) << "its calls go on";
}

TEST_F(SmallH2Pool, WhoWaitsForAnAppThatLeavesGetsAnotherConnection)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    auto& app = greeted(1, 1);
    begin(first, app, 1);
    auto& second = ask();
    settle();
    EXPECT_FALSE(second.over);
    app.far.send(test::h2_goaway(0x7FFF'FFFF));
    EXPECT_TRUE(all_have_calls({&second})) << "while the first call lasts";
    EXPECT_EQ(server.connections.size(), 2U);
}

TEST_F(SmallH2Pool, AConnectionThatEndsMakesRoomForAnother)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    greeted(1, 1).far.close();
    auto& second = ask();
    EXPECT_TRUE(until([&] { return first.held->call().response_body().ready().has_value() || second.over; }));
    first.held.reset();
    EXPECT_TRUE(all_have_calls({&second}));
    EXPECT_EQ(server.connections.size(), 2U);
}

TEST_F(H2Pool, IdleConnectionsClose)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    auto& app = greeted(1, 10);
    settle();
    prune_pool(share(), loop.time() + 10s, 1s);
    settle();
    EXPECT_FALSE(app.peer.closed) << "it has a call";
    first.held.reset();
    prune_pool(share(), loop.time() + 1s, 10s);
    settle();
    EXPECT_FALSE(app.peer.closed) << "not yet";
    prune_pool(share(), loop.time() + 10s, 1s);
    EXPECT_TRUE(until([&] { return app.peer.closed; }));
    EXPECT_TRUE(share().multiplexed.empty());
}

TEST_F(H2Pool, AConnectionThatTheAppHasLeftClosesWithItsLastCall)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    auto& app = greeted(1, 10);
    begin(first, app, 1);
    app.far.send(test::h2_goaway(0x7FFF'FFFF));
    settle();
    prune_pool(share(), loop.time(), 10s);
    settle();
    EXPECT_FALSE(app.peer.closed);
    first.held.reset();
    prune_pool(share(), loop.time(), 10s);
    EXPECT_TRUE(until([&] { return app.peer.closed; })) << "nobody can use it any more";
}

TEST_F(SmallH2Pool, AnEndpointThatDrainsKeepsItsCallsOnly)
{
    auto& first = ask();
    EXPECT_TRUE(all_have_calls({&first}));
    auto& app = greeted(1, 1);
    auto& second = ask();
    settle();
    place->retire();
    leave_pool(share());
    EXPECT_TRUE(until([&] { return second.over; }));
    EXPECT_FALSE(second.has_call() || second.why);
    settle();
    EXPECT_FALSE(app.peer.closed);
    first.held.reset();
    EXPECT_TRUE(until([&] { return app.peer.closed; }));
}

TEST_F(H2Pool, AStreamThatIsRefusedCostsItsCallOnly)
{
    auto &first = ask(), &second = ask();
    auto& app = greeted(1, 10);
    EXPECT_TRUE(all_have_calls({&first, &second}));
    begin(second, app, 1);
    app.far.send(test::h2_reset(1, http::h2_code::refused_stream));
    EXPECT_TRUE(until([&] { return second.held->call().unprocessed(); })) << "it may be sent again";
    EXPECT_FALSE(first.held->call().unprocessed());
    EXPECT_TRUE(ask().has_call()) << "on the same connection, even";
    EXPECT_EQ(server.connections.size(), 1U);
}

}  // namespace
}  // namespace lintel::proxy
