#include "http/h2_connection.hpp"

#include "net/error.hpp"
#include "tests/support/h2_served.hpp"

namespace lintel::http {
namespace {

using namespace std::chrono_literals;
using phase = connection_book::phase;
using test::h2_ends;

constexpr std::uint32_t last_of_all = 0x7FFF'FFFF;

class H2Connection : public test::h2_served {
protected:
    bool says_goodbye(h2_code why)
    {
        return until([&] { return !peer.goaways.empty() && peer.goaways.back().why == why; });
    }
    bool ends()
    {
        return until([&] { return served && peer.closed; });
    }
    void acknowledge_settings() { client.send(test::h2_frame(h2_frame::settings, 0, "", test::h2_ack)); }
    void pong() { client.send(test::h2_frame(h2_frame::ping, 0, std::string(8, '\0'), test::h2_ack)); }

    std::string large = std::string(4'000'000, 'x');
};

TEST_F(H2Connection, SaysItsLimitsFirst)
{
    start();
    EXPECT_TRUE(until([&] { return peer.settled; }));
    EXPECT_EQ(peer.settings[3], h2_session::streams);
    EXPECT_EQ(peer.settings[4], static_cast<std::uint32_t>(h2_session::stream_window_bytes));
    EXPECT_EQ(peer.settings[6], h2_session::header_list_bytes);
    EXPECT_EQ(peer.settings[8], 1U) << "extended CONNECT";
}

TEST_F(H2Connection, AnswersManyAtATimeInAnyOrder)
{
    start();
    EXPECT_TRUE(settle());
    EXPECT_EQ(book.size(phase::idle), 1U);
    for (std::uint32_t stream : {1U, 3U, 5U}) ask(stream);
    asked(3);
    EXPECT_EQ(book.size(phase::exchange), 1U);
    finish(visits[2], 200, "third");
    finish(visits[0], 200, "first");
    finish(visits[1], 200, "second");
    EXPECT_TRUE(until([&] { return peer.streams[3].ended; }));
    EXPECT_EQ(peer.streams[1].body, "first");
    EXPECT_EQ(peer.streams[3].body, "second");
    EXPECT_EQ(peer.streams[5].body, "third");
    EXPECT_EQ(book.size(phase::idle), 1U);
}

TEST_F(H2Connection, RefusesMalformedRequestsAndGoesOn)
{
    start();
    client.send(test::h2_head(1, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}, h2_ends));
    EXPECT_TRUE(until([&] { return peer.streams[1].reset.has_value(); }));
    EXPECT_TRUE(peer.streams[1].heads.at(0).starts_with("400 "));
    EXPECT_TRUE(peer.streams[1].ended);
    EXPECT_EQ(peer.streams[1].reset, h2_code::protocol_error);
    EXPECT_EQ(refused, std::vector<error_code>{errc::bad_pseudo_field});
    ask(3);
    finish(asked(), 204);
}

// Limits.

TEST_F(H2Connection, RefusesTheStreamThatIsOneTooMany)
{
    start();
    std::uint32_t stream = 1;
    for (std::uint32_t i = 0; i <= h2_session::streams; ++i, stream += 2) ask(stream);
    EXPECT_TRUE(until([&] { return peer.streams[stream - 2].reset.has_value(); }));
    EXPECT_EQ(peer.streams[stream - 2].reset, h2_code::refused_stream);
    EXPECT_EQ(visits.size(), h2_session::streams);
    finish(visits[0], 204);
    ask(stream);
    finish(asked(h2_session::streams + 1), 204);
}

TEST_F(H2Connection, EndsWhereAClientKnowsHowManyAreTooMany)
{
    start();
    acknowledge_settings();
    std::uint32_t stream = 1;
    for (std::uint32_t i = 0; i <= h2_session::streams; ++i, stream += 2) ask(stream);
    for (auto& each : visits) each.watch();
    EXPECT_TRUE(until([&] { return !peer.goaways.empty(); }));
    EXPECT_EQ(attacks, (std::vector<std::pair<h2_attack, bool>>{{h2_attack::too_many_streams, true}}));
}

TEST_F(H2Connection, EndsAfterSoManyRequests)
{
    limits.options.requests_per_connection = 2;
    start();
    for (std::uint32_t stream : {1U, 3U}) {
        ask(stream);
        finish(asked(visits.size() + 1), 204);
    }
    EXPECT_TRUE(until([&] { return peer.goaways.size() == 1 && peer.pings == 1; }));
    EXPECT_EQ(peer.goaways[0].last, last_of_all);
    pong();
    EXPECT_TRUE(until([&] { return peer.goaways.size() >= 2; }));
    EXPECT_EQ(peer.goaways[1].last, 3U);
    client.shutdown_write();
    EXPECT_TRUE(ends());
}

TEST_F(H2Connection, EndsAClientThatCostsMoreThanItIsOfUse)
{
    start();
    EXPECT_TRUE(settle());
    ask(1);
    asked().watch();
    std::string flood;
    for (int i = 0; i < 1100; ++i) flood += test::h2_frame(h2_frame::ping, 0, "12345678");
    client.send(flood);
    EXPECT_TRUE(says_goodbye(h2_code::enhance_your_calm));
    EXPECT_EQ(attacks, (std::vector<std::pair<h2_attack, bool>>{{h2_attack::ping, true}}));
    EXPECT_TRUE(until([&] { return visits[0].over; })) << "its requests are broken off";
    client.shutdown_write();
    EXPECT_TRUE(ends());
}

TEST_F(H2Connection, EndsWithWhatBreaksTheProtocol)
{
    start();
    client.send(test::h2_data(0, "of no stream"));
    EXPECT_TRUE(says_goodbye(h2_code::protocol_error));
    client.shutdown_write();
    EXPECT_TRUE(ends());
    EXPECT_TRUE(attacks.empty());
}

// Time.

TEST_F(H2Connection, EndsWithoutAPreface)
{
    limits.options.head_timeout = 1ms;
    start("");
    EXPECT_TRUE(says_goodbye(h2_code::enhance_your_calm));
    EXPECT_EQ(attacks, (std::vector<std::pair<h2_attack, bool>>{{h2_attack::slow_preface, true}}));
    client.shutdown_write();
    EXPECT_TRUE(ends());
}

TEST_F(H2Connection, EndsWithAHeadThatIsNeverWhole)
{
    limits.options.head_timeout = 1ms;
    start();
    client.send(test::h2_frame(h2_frame::headers, 1, test::hpack_field(":method", "GET")));
    EXPECT_TRUE(says_goodbye(h2_code::enhance_your_calm));
    EXPECT_EQ(attacks, (std::vector<std::pair<h2_attack, bool>>{{h2_attack::slow_head, true}}));
    EXPECT_TRUE(visits.empty());
    client.shutdown_write();
    EXPECT_TRUE(ends());
}

TEST_F(H2Connection, MayBeIdleForALimitedTime)
{
    limits.options.idle_timeout = 1ms;
    start();
    EXPECT_TRUE(says_goodbye(h2_code::no_error));
    client.shutdown_write();
    EXPECT_TRUE(ends());
}

TEST_F(H2Connection, IsNotIdleWhileARequestIsAnswered)
{
    limits.options.idle_timeout = 1ms;
    start();
    ask(1);
    auto& one = asked();
    auto two_sweeps = steady_clock::now() + 250ms;
    EXPECT_TRUE(until([&] { return steady_clock::now() > two_sweeps; }));
    EXPECT_TRUE(peer.goaways.empty());
    finish(one, 204);
    EXPECT_TRUE(says_goodbye(h2_code::no_error));
}

TEST_F(H2Connection, CutsAClientThatTakesNoBytes)
{
    limits.options.write_timeout = 1ms;
    start();
    client.send(test::h2_setting(4, last_of_all) + test::h2_window(0, 1'000'000'000));
    ask(1);
    auto& one = asked();
    one.watch();
    auto& given = respond(one, 200, large);
    EXPECT_TRUE(test::run_until(loop, [&] { return served; })) << "nothing is read here";
    EXPECT_TRUE(given.over);
    EXPECT_TRUE(given.value);
    EXPECT_TRUE(one.over);
}

// The end.

TEST_F(H2Connection, AClientThatIsGoneEndsItsRequestsAtOnce)
{
    start();
    ask(1, "POST", 0);
    ask(3);
    ask(5);
    asked(3);
    for (auto& each : visits) each.watch();
    auto& reading = read_whole(visits[0]);
    auto& writing = respond(visits[1], 200, large);
    EXPECT_TRUE(until([&] { return peer.streams[3].body.size() > 60'000; }));
    auto began = steady_clock::now();
    client.close();
    EXPECT_TRUE(test::run_until(loop, [&] { return served; }));
    EXPECT_LT(steady_clock::now() - began, 1s) << "nobody waits for a farewell to nobody";
    EXPECT_EQ(reading.value.reset, errc::cut_short);
    EXPECT_EQ(writing.value, errc::cut_short);
    for (auto& each : visits) EXPECT_TRUE(each.over && each.departures == 1);
}

TEST_F(H2Connection, DrainsInTwoSteps)
{
    start();
    ask(1, "POST", 0);
    auto& upload = asked();
    auto& body = read_whole(upload);
    connection->drain();
    connection->drain();
    EXPECT_TRUE(until([&] { return peer.pings == 1; }));
    ASSERT_EQ(peer.goaways.size(), 1U) << "however often it is asked to";
    EXPECT_EQ(peer.goaways[0].last, last_of_all);
    EXPECT_EQ(peer.goaways[0].why, h2_code::no_error);
    ask(3);
    auto& late = asked(2);  // sent before the client heard of it
    pong();
    EXPECT_TRUE(until([&] { return peer.goaways.size() == 2; }));
    EXPECT_EQ(peer.goaways[1].last, 3U);
    ask(5);
    client.send(test::h2_data(1, "abc", h2_ends));
    EXPECT_TRUE(until([&] { return body.over; }));
    EXPECT_EQ(body.value.bytes, "abc") << "what was begun goes on";
    EXPECT_EQ(visits.size(), 2U) << "what comes later doesn't";
    finish(late, 200, "late");
    EXPECT_FALSE(served);
    finish(upload, 200, "all");
    EXPECT_TRUE(until([&] { return peer.streams[1].ended && peer.streams[3].ended; }));
    client.shutdown_write();
    EXPECT_TRUE(ends());
    EXPECT_EQ(peer.streams[1].body, "all");
    EXPECT_EQ(peer.streams[3].body, "late");
}

TEST_F(H2Connection, DrainsWithoutAnAnswerToItsPing)
{
    start();
    EXPECT_TRUE(settle());
    connection->drain();
    EXPECT_TRUE(until([&] { return peer.goaways.size() >= 2; })) << "a round trip is 1 s at most";
    client.shutdown_write();
    EXPECT_TRUE(ends());
}

TEST_F(H2Connection, LeavesOnlyWhileItIsIdle)
{
    start();
    ask(1);
    auto& one = asked();
    EXPECT_FALSE(connection->leave_if_idle());
    finish(one, 204);
    EXPECT_TRUE(until([&] { return book.size(phase::idle) == 1; }));
    EXPECT_TRUE(connection->leave_if_idle());
    EXPECT_TRUE(ends());
    ASSERT_FALSE(peer.goaways.empty());
    EXPECT_EQ(peer.goaways[0].why, h2_code::no_error);
}

TEST_F(H2Connection, IsCutAtOnce)
{
    start();
    ask(1);
    asked().watch();
    connection->close();
    EXPECT_TRUE(until([&] { return served; }));
    EXPECT_TRUE(visits[0].over);
}

}  // namespace
}  // namespace lintel::http
