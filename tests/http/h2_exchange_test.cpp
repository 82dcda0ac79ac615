#include "http/h2_exchange.hpp"

#include "base/crypto.hpp"
#include "net/error.hpp"
#include "tests/support/h2_served.hpp"

namespace lintel::http {
namespace {

using namespace std::chrono_literals;
using test::h2_ends;

constexpr std::uint32_t window_bytes = 65'535;  ///< that a client opens without a word (RFC 9113 §6.9.2)

class H2Exchange : public test::h2_served {
protected:
    H2Exchange() { large.assign(200'000, 'x'); }

    void more(std::uint32_t stream, std::string_view bytes, int flags = 0)
    {
        client.send(test::h2_data(stream, bytes, flags));
    }
    const test::h2_message& came(std::uint32_t stream) { return peer.streams[stream]; }
    bool comes(std::uint32_t stream)
    {
        return until([&] { return came(stream).over(); });
    }

    std::string large;
};

TEST_F(H2Exchange, AnswersWithAHeadAndABody)
{
    start();
    ask(1);
    auto head = head_of(200);
    head.fields.add("X-Mine", "1");
    memory_body body("hello");
    auto& given = respond(asked(), std::move(head), body);
    EXPECT_TRUE(comes(1));
    EXPECT_EQ(came(1).heads, std::vector<std::string>{"200 x-mine=1;content-length=5;"});
    EXPECT_EQ(came(1).body, "hello");
    EXPECT_FALSE(came(1).reset);
    EXPECT_TRUE(given.over);
    EXPECT_FALSE(given.value);
}

// What the client sends.

TEST_F(H2Exchange, ReadsABodyWithItsTrailers)
{
    start();
    ask(1, "POST", 0);
    auto& one = asked();
    auto& body = read_whole(one);
    more(1, "abc");
    more(1, "def");
    client.send(test::h2_head(1, {{"x-sum", "6"}}, h2_ends));
    EXPECT_TRUE(until([&] { return body.over; }));
    EXPECT_EQ(body.value.bytes, "abcdef");
    EXPECT_EQ(body.value.trailers, "x-sum=6;");
    EXPECT_FALSE(body.value.reset);
}

TEST_F(H2Exchange, TrailersMustEndTheRequest)
{
    start();
    ask(1, "POST", 0);
    auto& body = read_whole(asked());
    client.send(test::h2_head(1, {{"x", "y"}}));
    EXPECT_TRUE(until([&] { return body.over; }));
    EXPECT_EQ(body.value.reset, errc::bad_trailers);
    finish(asked(), 400);
    EXPECT_TRUE(until([&] { return came(1).reset.has_value(); }));
    EXPECT_EQ(came(1).reset, h2_code::protocol_error);
}

TEST_F(H2Exchange, OpensTheWindowForWhatWasReadOnly)
{
    start();
    ask(1, "POST", 0);
    auto& one = asked();
    for (int i = 0; i < 3; ++i) more(1, std::string(16'384, 'x'));
    EXPECT_TRUE(settle());
    EXPECT_EQ(came(1).window, 0U) << "nobody has looked at it";
    EXPECT_EQ(one.asked.body().ready()->bytes.size(), 3U * 16'384);
    EXPECT_TRUE(settle());
    EXPECT_EQ(came(1).window, 0U) << "somebody still looks at it";
    EXPECT_FALSE(one.asked.body().ready());
    EXPECT_TRUE(until([&] { return came(1).window == 3 * 16'384; })) << "it was used";
    one.asked.abort();
}

TEST_F(H2Exchange, HoldsTheRequestToItsLength)
{
    struct row {
        const char *length, *sent;
    };
    std::uint32_t stream = 1;
    start();
    for (auto [length, sent] : {row{"2", "abc"}, row{"4", "abc"}}) {
        SCOPED_TRACE(length);
        ask(stream, "POST", 0, {{"content-length", length}});
        auto& one = asked(visits.size() + 1);
        auto& body = read_whole(one);
        more(stream, sent, h2_ends);
        EXPECT_TRUE(until([&] { return body.over; }));
        EXPECT_EQ(body.value.reset, errc::other_length);
        finish(one, 400);
        EXPECT_TRUE(until([&] { return came(stream).reset.has_value(); }));
        EXPECT_EQ(came(stream).reset, h2_code::protocol_error);
        stream += 2;
    }
    ask(stream, "POST", h2_ends, {{"content-length", "1"}});
    auto& none = read_whole(asked(visits.size() + 1));
    EXPECT_TRUE(until([&] { return none.over; }));
    EXPECT_EQ(none.value.reset, errc::other_length);
}

TEST_F(H2Exchange, SaysContinueToAClientThatWaits)
{
    start();
    ask(1, "POST", 0, {{"expect", "100-continue"}, {"content-length", "3"}});
    auto& one = asked();
    EXPECT_TRUE(settle());
    EXPECT_TRUE(came(1).heads.empty()) << "nobody wants the body yet";
    auto& body = read_whole(one);
    EXPECT_TRUE(until([&] { return !came(1).heads.empty(); }));
    more(1, "abc", h2_ends);
    EXPECT_TRUE(until([&] { return body.over; }));
    finish(one, 204);
    EXPECT_EQ(came(1).heads, (std::vector<std::string>{"100 ", "204 "}));
    ask(3, "POST", 0, {{"expect", "100-continue"}, {"content-length", "3"}});
    more(3, "abc", h2_ends);
    auto& eager = asked(2);
    EXPECT_TRUE(settle());
    auto& at_once = read_whole(eager);
    EXPECT_TRUE(until([&] { return at_once.over; }));
    finish(eager, 204);
    EXPECT_EQ(came(3).heads, std::vector<std::string>{"204 "}) << "it was here already";
}

TEST_F(H2Exchange, AnAnswerMayComeBeforeTheRequestIsWhole)
{
    start();
    ask(1, "POST", 0);
    more(1, "abc");
    finish(asked(), 413, "too much");
    EXPECT_TRUE(until([&] { return came(1).reset.has_value(); }));
    EXPECT_EQ(came(1).body, "too much");
    EXPECT_TRUE(came(1).ended);
    EXPECT_EQ(came(1).reset, h2_code::no_error) << "RFC 9113 §8.1";
    // What was on its way already: nobody reads it, so that it counts as read.
    for (int i = 0; i < 40 && peer.window == 0; ++i) {
        more(1, std::string(16'384, 'x'));
        EXPECT_TRUE(settle());
    }
    EXPECT_GT(peer.window, 0U);
    ask(3);
    finish(asked(2), 204);
}

// The client leaves.

TEST_F(H2Exchange, AClientThatBreaksOffItsUploadIsGone)
{
    start();
    ask(1, "POST", 0);
    auto& one = asked();
    one.watch();
    auto& body = read_whole(one);
    more(1, "abc");
    EXPECT_TRUE(settle());
    client.send(test::h2_reset(1, h2_code::cancel));
    EXPECT_TRUE(until([&] { return one.over; })) << "told at once";
    EXPECT_EQ(one.departures, 1);
    EXPECT_EQ(body.value.bytes, "abc");
    EXPECT_EQ(body.value.reset, errc::cut_short);
    ask(3);
    finish(asked(2), 204);
    EXPECT_TRUE(came(1).heads.empty() && !came(1).over()) << "nothing is said on a stream that is over";
}

TEST_F(H2Exchange, AClientThatBreaksOffItsDownloadIsGone)
{
    start();
    ask(1);
    auto& one = asked();
    auto& given = respond(one, 200, large);
    EXPECT_TRUE(until([&] { return came(1).body.size() == window_bytes; }));
    EXPECT_FALSE(given.over);
    client.send(test::h2_reset(1, h2_code::cancel));
    EXPECT_TRUE(until([&] { return given.over; }));
    EXPECT_EQ(given.value, errc::cut_short);
    EXPECT_TRUE(one.asked.client_gone());
    auto& late = inform(one, head_of(103));
    EXPECT_TRUE(late.over);
    EXPECT_EQ(late.value, errc::cut_short);
    leave(one);
    EXPECT_EQ(came(1).body.size(), window_bytes);
    EXPECT_FALSE(came(1).over());
}

TEST_F(H2Exchange, WhoLeavesBeforeTheHandlerBeginsNeverAsked)
{
    start();
    EXPECT_TRUE(settle());
    client.send(
        test::h2_head(1, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}, h2_ends) +
        test::h2_reset(1, h2_code::cancel));
    EXPECT_TRUE(settle());
    EXPECT_TRUE(visits.empty());
    EXPECT_EQ(book.size(connection_book::phase::idle), 1U);
}

// What the client gets.

TEST_F(H2Exchange, SendsInterimHeadsBeforeTheFinalOneOnly)
{
    start();
    ask(1);
    auto hint = head_of(103);
    hint.fields.add("Link", "</a>");
    EXPECT_FALSE(inform(asked(), hint).value);
    EXPECT_TRUE(until([&] { return came(1).heads.size() == 1; })) << "it doesn't wait for the answer";
    test::piecewise_body body({"abc"});
    respond(asked(), head_of(200), body);
    EXPECT_FALSE(inform(asked(), hint).value) << "too late, but no error";
    EXPECT_TRUE(comes(1));
    EXPECT_EQ(came(1).heads, (std::vector<std::string>{"103 link=</a>;", "200 "}));
}

TEST_F(H2Exchange, SendsTrailers)
{
    start();
    fields trailers;
    trailers.add("X-Sum", "1");
    trailers.add("Content-Length", "3");
    test::piecewise_body body({"abc", "def"}, &trailers);
    ask(1);
    respond(asked(), head_of(200), body);
    EXPECT_TRUE(comes(1));
    EXPECT_EQ(came(1).body, "abcdef");
    EXPECT_EQ(came(1).heads, (std::vector<std::string>{"200 ", "x-sum=1;"})) << "what may not trail doesn't";
    test::piecewise_body empty({}, &trailers);
    ask(3);
    respond(asked(2), head_of(200), empty);
    EXPECT_TRUE(comes(3));
    EXPECT_EQ(came(3).heads, (std::vector<std::string>{"200 ", "x-sum=1;"}));
}

TEST_F(H2Exchange, SendsNoBodyWhereNoneMayBe)
{
    struct row {
        const char* method;
        int status;
        const char* head;
    };
    std::uint32_t stream = 1;
    start();
    for (auto [method, status, expected] : {row{"HEAD", 200, "200 content-length=1234;"}, row{"GET", 204, "204 "},
                                            row{"GET", 304, "304 content-length=1234;"}}) {
        SCOPED_TRACE(expected);
        auto head = head_of(status);
        head.fields.add("Content-Length", "1234");
        memory_body never("never sent");
        ask(stream, method);
        auto& given = respond(asked(visits.size() + 1), head, never);
        EXPECT_TRUE(comes(stream));
        EXPECT_FALSE(given.value);
        EXPECT_EQ(came(stream).heads, std::vector<std::string>{expected});
        EXPECT_EQ(came(stream).body, "");
        stream += 2;
    }
}

TEST_F(H2Exchange, NeverCompletesABrokenAnswer)
{
    start();
    test::piecewise_body body({"abc"}, nullptr, errc::cut_short);
    ask(1);
    auto& given = respond(asked(), head_of(200), body);
    EXPECT_TRUE(comes(1));
    EXPECT_EQ(came(1).body, "abc");
    EXPECT_FALSE(came(1).ended);
    EXPECT_EQ(came(1).reset, h2_code::internal_error);
    EXPECT_EQ(given.value, errc::upstream_failed);
    ask(3);
    leave(asked(2));
    EXPECT_TRUE(comes(3));
    EXPECT_EQ(came(3).reset, h2_code::internal_error) << "never answered";
    ask(5);
    asked(3).asked.abort();
    EXPECT_TRUE(comes(5));
    EXPECT_EQ(came(5).reset, h2_code::internal_error);
    EXPECT_EQ(respond(asked(3), 200).value, errc::cut_short);
}

TEST_F(H2Exchange, WaitsForTheWindowAndHoldsUpNobody)
{
    start();
    client.send(test::h2_window(0, 1'000'000));
    ask(1);
    auto& slow = respond(asked(), 200, large);
    EXPECT_TRUE(until([&] { return came(1).body.size() == window_bytes; }));
    ask(3);
    respond(asked(2), 200, "quick");
    EXPECT_TRUE(comes(3));
    EXPECT_FALSE(slow.over);
    client.send(test::h2_window(1, 200'000 - window_bytes));
    EXPECT_TRUE(comes(1));
    EXPECT_EQ(came(1).body, large);
    EXPECT_TRUE(until([&] { return slow.over; }));
    EXPECT_FALSE(slow.value);
}

TEST_F(H2Exchange, GivesUpAClientThatNeverReads)
{
    limits.options.write_timeout = 1ms;
    start();
    ask(1);
    auto& given = respond(asked(), 200, large);
    EXPECT_TRUE(comes(1));
    EXPECT_EQ(came(1).reset, h2_code::internal_error);
    EXPECT_EQ(given.value, net::errc::timed_out);
    EXPECT_EQ(attacks, (std::vector<std::pair<h2_attack, bool>>{{h2_attack::stalled, false}}));
    ask(3);
    finish(asked(2), 204);
}

TEST_F(H2Exchange, AsLongAsItTakesWhereThePatienceHasNoEnd)
{
    limits.options.write_timeout = {};
    start();
    client.send(test::h2_window(0, 1'000'000));
    ask(1);
    auto& given = respond(asked(), 200, large);
    EXPECT_TRUE(until([&] { return came(1).body.size() == window_bytes; }));
    EXPECT_TRUE(settle());
    EXPECT_FALSE(given.over);
    client.send(test::h2_window(1, 200'000));
    EXPECT_TRUE(comes(1));
}

TEST_F(H2Exchange, TakesTheEndOfAKnownLengthWhenItComes)
{
    start();
    for (std::uint32_t stream : {1U, 3U}) {
        test::late_end body(loop, "abc");
        ask(stream);
        auto& one = asked(visits.size() + 1);
        auto& given = respond(one, head_of(200), body);
        EXPECT_TRUE(until([&] { return came(stream).body == "abc"; }));
        fields trailers;
        trailers.add("x-sum", "3");
        body.come(body_piece::end_with(stream == 3 ? &trailers : nullptr));
        EXPECT_TRUE(until([&] { return given.over; }));
        EXPECT_FALSE(given.value);
        EXPECT_TRUE(comes(stream));
        EXPECT_TRUE(came(stream).ended);
        EXPECT_EQ(came(stream).heads.size(), stream == 3 ? 2U : 1U) << "trailers are not lost";
        leave(one);
    }
}

// Extended CONNECT (RFC 8441).

class H2ExtendedConnect : public H2Exchange {
protected:
    void connect(std::uint32_t stream, std::string_view protocol = "websocket")
    {
        client.send(test::h2_head(stream, {{":method", "CONNECT"},
                                           {":protocol", protocol},
                                           {":scheme", "http"},
                                           {":path", "/chat"},
                                           {":authority", "a"}}));
    }

    response_head switched(const exchange& to)
    {
        auto head = head_of(101);
        accept_ = websocket_accept(to.request().fields.find("Sec-WebSocket-Key")->value);
        head.fields.add("Sec-WebSocket-Accept", accept_);
        head.fields.add("Sec-WebSocket-Protocol", "chat");
        return head;
    }

    static task<void> accept(exchange& to, response_head head, tunnel_keeper keeper, test::pending<error_code>& out)
    {
        out.value = test::error_of(co_await to.accept_tunnel(head, std::move(keeper)));
        out.over = true;
    }

    /// Says back what it hears, until its end.
    static task<void> echo(tunnel_end end)
    {
        std::array<std::byte, 1000> some;
        for (;;) {
            auto count = co_await end.stream->read_some(some);
            if (!count || *count == 0) break;
            if (!co_await end.stream->write_all({reinterpret_cast<const char*>(some.data()), *count})) break;
        }
        co_await end.stream->finish_writing();
    }

    test::pending<error_code> accepted;

private:
    static std::string websocket_accept(std::string_view key)
    {
        return crypto::base64(crypto::sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
    }

    std::string accept_;
};

TEST_F(H2ExtendedConnect, IsATunnelWhereTheAppSwitches)
{
    start();
    connect(1);
    auto& one = asked();
    EXPECT_EQ(one.asked.request().method, "GET");
    EXPECT_EQ(one.asked.body().length(), 0U);
    running.spawn("accept", accept(one.asked, switched(one.asked), echo, accepted));
    EXPECT_TRUE(until([&] { return accepted.over; }));
    EXPECT_FALSE(accepted.value);
    one.released.notify();
    more(1, "one");
    EXPECT_TRUE(until([&] { return came(1).body == "one"; }));
    EXPECT_EQ(came(1).heads, std::vector<std::string>{"200 sec-websocket-protocol=chat;"});
    std::string much(50'000, 'y');
    more(1, std::string_view(much).substr(0, 16'000));
    EXPECT_TRUE(until([&] { return came(1).body.size() == 16'003; }));
    more(1, "", h2_ends);
    EXPECT_TRUE(comes(1));
    EXPECT_TRUE(came(1).ended);
    EXPECT_FALSE(came(1).reset);
}

TEST_F(H2ExtendedConnect, AResetEndsTheTunnel)
{
    start();
    connect(1);
    auto& one = asked();
    running.spawn("accept", accept(one.asked, switched(one.asked), echo, accepted));
    one.released.notify();
    more(1, "one");
    EXPECT_TRUE(until([&] { return came(1).body == "one"; }));
    client.send(test::h2_reset(1, h2_code::cancel));
    EXPECT_TRUE(until([&] { return book.size(connection_book::phase::idle) == 1; }));
}

TEST_F(H2ExtendedConnect, IsRefusedAsTheAppDoes)
{
    start();
    connect(1);
    finish(asked(), 403, "no");
    EXPECT_TRUE(comes(1));
    EXPECT_EQ(came(1).body, "no");
    connect(3);
    auto& tunnel = respond(asked(2), 200, "what?");
    EXPECT_TRUE(until([&] { return tunnel.over; }));
    EXPECT_EQ(tunnel.value, errc::missing_upgrade) << "200 would mean a tunnel";
    EXPECT_FALSE(asked(2).asked.response_started()) << "the client may get another";
    finish(asked(2), 502, "what?");
    EXPECT_TRUE(comes(3));
    EXPECT_TRUE(came(3).heads.at(0).starts_with("502 "));
    connect(5);
    auto head = head_of(101);
    head.fields.add("Sec-WebSocket-Accept", "of another key");
    running.spawn("accept", accept(asked(3).asked, head, echo, accepted));
    EXPECT_TRUE(until([&] { return accepted.over; }));
    EXPECT_EQ(accepted.value, errc::unasked_upgrade);
    EXPECT_TRUE(comes(5));
    EXPECT_EQ(came(5).reset, h2_code::internal_error);
}

TEST_F(H2ExtendedConnect, OfOtherProtocolsIsNotKnown)
{
    start();
    connect(1, "connect-udp");
    EXPECT_TRUE(comes(1));
    EXPECT_TRUE(came(1).heads.at(0).starts_with("501 "));
    EXPECT_EQ(refused, std::vector<error_code>{errc::unknown_protocol});
    EXPECT_TRUE(visits.empty());
}

}  // namespace
}  // namespace lintel::http
