#include "http/h2_session.hpp"

#include "http/fields.hpp"
#include "net/buffer.hpp"
#include "tests/support/h2_bytes.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lintel::http {
namespace {

using test::big_endian;
using test::h2_frame_bytes;
using test::hpack_field;

/// Notes everything, and sends `body`.
struct noted_stream final : h2_stream {
    void on_field(std::string_view name, std::string_view value) override { (((said += name) += '=') += value) += ';'; }
    void on_head(bool ends) override { said += ends ? "head and end;" : "head;"; }
    void on_data(std::string_view bytes) override { (said += bytes) += ';'; }
    void on_end() override { said += "end;"; }
    void on_closed(h2_code why) override { closed = why; }
    offer offered(std::size_t most) override
    {
        auto count = std::min(most, body.size());
        return {count, last && count == body.size(), trailers};
    }
    std::string_view take(std::size_t count) override
    {
        auto taken = body.substr(0, count);
        body.remove_prefix(count);
        return taken;
    }
    void on_sent() override { sent = true; }

    std::string said;
    std::string_view body;
    const fields* trailers = nullptr;
    bool last = true, sent = false;
    std::optional<h2_code> closed;
};

class H2Session : public testing::Test, protected h2_session::events {
protected:
    H2Session() { session.receive(std::string(h2_preface) + h2_frame_bytes(4, 0, 0, "")); }

    h2_stream* on_stream(h2_stream_id id) override
    {
        if (refuses) return nullptr;
        streams[id] = std::make_unique<noted_stream>();
        return streams[id].get();
    }
    void on_invalid_request() override {}
    void on_reset_sent(h2_code why) override { resets.push_back(why); }
    void on_data_sent(std::size_t bytes, bool starved) override
    {
        data_bytes += bytes;
        starved_frames += starved ? 1 : 0;
    }
    void on_pong() override { ++pongs; }

    static std::string asked(std::uint32_t stream, bool ends = true)
    {
        auto block = hpack_field(":method", "GET") + hpack_field(":path", "/");
        return h2_frame_bytes(1, 4 | (ends ? 1 : 0), stream, block);
    }

    /// Types and streams of the frames that are to be sent: "7:0 …".
    std::string produced(std::size_t room = 64 * 1024, bool crowded = false)
    {
        net::buffer out(pool);
        goes_on = session.produce(out, room, crowded);
        std::string all;
        for (auto bytes = out.bytes(); bytes.size() >= 9;) {
            auto octet = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
            std::size_t size = octet(0) << 16 | octet(1) << 8 | octet(2);
            all +=
                std::to_string(octet(3)) + ':' + std::to_string(octet(8)) + (octet(4) & 1 && octet(3) < 2 ? "! " : " ");
            bytes.remove_prefix(9 + size);
        }
        return all;
    }

    /// "hello" to the streams 1 and 3.
    void answer_both()
    {
        std::vector<h2_field> head{{":status", "200"}};
        for (auto id : {1, 3}) {
            streams[id]->body = "hello";
            session.send_head(id, head, h2_session::head::with_body);
        }
    }

    net::buffer_pool pool;
    std::map<h2_stream_id, std::unique_ptr<noted_stream>> streams;
    std::vector<h2_code> resets;
    std::size_t data_bytes = 0, starved_frames = 0;
    int pongs = 0;
    bool refuses = false, goes_on = true;
    h2_session session{h2_session::role::server, *this};
};

TEST_F(H2Session, TellsOfRequests)
{
    EXPECT_TRUE(session.receive(asked(1, false) + h2_frame_bytes(0, 0, 1, "ab") + h2_frame_bytes(0, 1, 1, "c")));
    EXPECT_EQ(streams[1]->said, ":method=GET;:path=/;head;ab;c;end;");
    EXPECT_TRUE(session.receive(asked(3)));
    EXPECT_EQ(streams[3]->said, ":method=GET;:path=/;head and end;end;");
}

TEST_F(H2Session, SendsAnAnswerWithItsBody)
{
    session.receive(asked(1));
    produced();
    std::vector<h2_field> head{{":status", "200"}, {"X-A", "1"}};
    streams[1]->body = "hello";
    session.send_head(1, head, h2_session::head::with_body);
    EXPECT_EQ(produced(), "1:1 0:1! ");
    EXPECT_TRUE(streams[1]->sent);
    EXPECT_EQ(streams[1]->closed, h2_code::no_error);
    EXPECT_EQ(data_bytes, 5U);
}

TEST_F(H2Session, WaitsForABodyThatIsNotThereYet)
{
    session.receive(asked(1));
    produced();
    std::vector<h2_field> head{{":status", "200"}};
    streams[1]->last = false;
    session.send_head(1, head, h2_session::head::with_body);
    EXPECT_EQ(produced(), "1:1 ");
    fields trailers;
    trailers.add("x-sum", "1");
    trailers.add("content-type", "never");
    streams[1]->last = true;
    streams[1]->trailers = &trailers;
    streams[1]->body = "late";
    session.resume(1);
    EXPECT_EQ(produced(), "0:1 1:1! ");
}

TEST_F(H2Session, StopsWhereThereIsNoRoom)
{
    session.receive(asked(1));
    produced();
    std::string large(40'000, 'x');
    std::vector<h2_field> head{{":status", "200"}};
    streams[1]->body = large;
    session.send_head(1, head, h2_session::head::with_body);
    EXPECT_EQ(produced(16 * 1024), "1:1 0:1 ");
    EXPECT_LE(data_bytes, 16U * 1024);
    while (!streams[1]->sent && !produced(16 * 1024).empty()) {
    }
    EXPECT_EQ(data_bytes, 40'000U);
}

TEST_F(H2Session, KnowsWhichFramesAreSmallForWantOfAWindow)
{
    session.receive(h2_frame_bytes(4, 0, 0, big_endian(4, 2) + big_endian(10, 4)) + asked(1));
    produced();
    std::vector<h2_field> head{{":status", "200"}};
    streams[1]->body = "a longer text";
    session.send_head(1, head, h2_session::head::with_body);
    produced();
    EXPECT_EQ(starved_frames, 1U);
    session.receive(h2_frame_bytes(8, 0, 1, big_endian(100, 4)));
    produced();
    EXPECT_TRUE(streams[1]->sent);
    EXPECT_EQ(starved_frames, 1U) << "there was no more to send";
}

TEST_F(H2Session, SendsHeadsThatTakeManyFrames)
{
    session.receive(asked(1));
    produced();
    std::string value(50, 'v');
    std::vector<h2_field> head{{":status", "200"}};
    for (int i = 0; i < 1000; ++i) head.push_back({"x-many", value});
    session.send_head(1, head, h2_session::head::whole);
    EXPECT_EQ(produced().substr(0, 5), "1:1! ");
}

TEST_F(H2Session, OpensAWindowOnlyForWhatWasUsed)
{
    session.receive(asked(1, false));
    produced();
    std::string piece(16384, 'x');
    for (int i = 0; i < 3; ++i) session.receive(h2_frame_bytes(0, 0, 1, piece));
    EXPECT_EQ(produced(), "");
    session.consumed(1, 3 * piece.size());
    EXPECT_EQ(produced(), "8:1 ");
    session.forget(1);
    for (int i = 0; i < 3; ++i) session.receive(h2_frame_bytes(0, 0, 1, piece));
    EXPECT_EQ(produced(), "8:1 ") << "nobody reads: it counts as read";
}

TEST_F(H2Session, RefusesAStreamThatNobodyTakes)
{
    refuses = true;
    session.receive(asked(1, false));
    EXPECT_NE(produced().find("3:1 "), std::string::npos);
    EXPECT_EQ(resets, std::vector{h2_code::refused_stream});
}

TEST_F(H2Session, TheUrgentGoesFirst)
{
    session.receive(h2_frame_bytes(4, 1, 0, ""));  // the settings are acknowledged
    session.receive(asked(1) + asked(3));
    session.prioritise(1, 6, false);
    session.prioritise(3, 1, false);
    produced();
    answer_both();
    EXPECT_EQ(produced(), "1:1 1:3 0:3! 0:1! ");
}

TEST_F(H2Session, WhereItIsCrowdedOthersWaitForWhatTheUrgentHasNext)
{
    session.receive(asked(1) + asked(3));
    session.prioritise(3, 1, false);
    produced();
    for (auto id : {1, 3}) streams[id]->last = false;
    answer_both();
    EXPECT_EQ(produced(64 * 1024, true), "1:1 1:3 0:3 ");
    EXPECT_FALSE(goes_on);
    streams[3]->body = "world";
    streams[3]->last = true;
    session.resume(3);
    EXPECT_EQ(produced(64 * 1024, true), "0:3! 0:1 ") << "it is complete: the others have their turn";
    EXPECT_FALSE(goes_on);
    streams[1]->body = "world";
    session.resume(1);
    EXPECT_EQ(produced(), "0:1 ");
    EXPECT_TRUE(goes_on) << "nobody is in the way of anybody";
}

TEST_F(H2Session, WhoAsksByFrameFirstIsNotOverruled)
{
    session.receive(h2_frame_bytes(16, 0, 0, big_endian(3, 4) + "u=0") + asked(1) + asked(3));
    session.prioritise(1, 2, false);
    session.prioritise(3, 7, false);
    produced();
    answer_both();
    EXPECT_EQ(produced(), "1:1 1:3 0:3! 0:1! ");
}

TEST_F(H2Session, SaysGoodbyeInTwoSteps)
{
    session.receive(asked(1));
    produced();
    session.announce_end();
    session.ping();
    EXPECT_EQ(produced(), "6:0 7:0 ");
    session.receive(h2_frame_bytes(6, 1, 0, std::string(8, '\0')));
    EXPECT_EQ(pongs, 1);
    session.refuse_further();
    produced();
    EXPECT_FALSE(session.over()) << "a request is open";
    std::vector<h2_field> head{{":status", "204"}};
    session.send_head(1, head, h2_session::head::whole);
    produced();
    EXPECT_TRUE(session.over());
}

TEST_F(H2Session, WhatBreaksTheProtocolEndsIt)
{
    produced();
    session.receive(h2_frame_bytes(6, 0, 0, "short"));
    EXPECT_EQ(produced(), "7:0 ");
    EXPECT_TRUE(session.over());
}

struct deaf : h2_session::events {
    h2_stream* on_stream(h2_stream_id) override { return nullptr; }
    void on_invalid_request() override {}
    void on_reset_sent(h2_code) override {}
    void on_data_sent(std::size_t, bool) override {}
    void on_pong() override {}
};

TEST(H2SessionPreface, IsDemanded)
{
    deaf nobody;
    h2_session session(h2_session::role::server, nobody);
    EXPECT_FALSE(session.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

/// An answer whose head and body take several frames each, made a few kilobytes at a time.
struct long_answer : deaf {
    explicit long_answer(char letter) : value(40'000, letter), text(40'000, letter)
    {
        auto block = hpack_field(":method", "GET") + hpack_field(":path", "/");
        session.receive(std::string(h2_preface) + h2_frame_bytes(4, 0, 0, "") + h2_frame_bytes(1, 5, 1, block));
        stream.body = text;
        std::vector<h2_field> head{{":status", "200"}, {"x-long", value}};
        session.send_head(1, head, h2_session::head::with_body);
    }
    h2_stream* on_stream(h2_stream_id) override { return &stream; }
    bool goes_on()
    {
        session.produce(out, 4 * 1024);
        all += out.bytes();
        out.release();
        return !stream.sent;
    }

    std::string value, text, all;
    noted_stream stream;
    net::buffer_pool pool;
    net::buffer out{pool};
    h2_session session{h2_session::role::server, *this};
};

TEST(H2Sessions, OfOneThreadDontMixTheirFrames)
{
    long_answer alone_a('a'), alone_b('b');
    while (alone_a.goes_on()) {
    }
    while (alone_b.goes_on()) {
    }
    long_answer a('a'), b('b');
    for (bool more = true; more;) {
        bool of_a = a.goes_on();
        more = b.goes_on() || of_a;
    }
    EXPECT_EQ(a.all, alone_a.all);
    EXPECT_EQ(b.all, alone_b.all);
}

}  // namespace
}  // namespace lintel::http
