#include "http/h2_body.hpp"

#include "http/error.hpp"
#include "net/error.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

namespace lintel::http {
namespace {

using namespace std::chrono_literals;
using kind = body_piece::kind;

/// A connection whose session has nobody at its other end.
class H2Body : public testing::Test, protected h2_link, protected h2_session::events {
protected:
    net::worker& home() override { return loop; }
    net::stream& client() override { std::abort(); }
    const connection_limits& limits() const override { return bounds; }
    h2_session& session() override { return session_; }
    void push() override { ++pushes; }
    void begun(h2_exchange&) override {}
    void note(h2_attack) override {}
    void excuse(h2_attack) override {}
    h2_stream* on_stream(h2_stream_id) override { return nullptr; }
    void on_invalid_request() override {}
    void on_reset_sent(h2_code) override {}
    void on_data_sent(std::size_t, bool) override {}
    void on_pong() override {}

    void start(framing declared = {}, bool ended = false) { body.start(*this, 1, declared, ended); }

    net::worker loop;
    connection_limits bounds;
    h2_session session_{h2_session::role::server, *this};
    int pushes = 0;
    h2_body body{loop};
};

TEST_F(H2Body, GivesWhatCameAndThenItsEnd)
{
    start();
    EXPECT_FALSE(body.ready());
    EXPECT_FALSE(body.length());
    body.on_data("ab");
    body.on_data("c");
    EXPECT_EQ(body.ready()->bytes, "abc");
    EXPECT_FALSE(body.ready());
    body.on_end();
    EXPECT_TRUE(body.complete());
    EXPECT_EQ(body.ready()->what, kind::end);
    EXPECT_EQ(body.ready()->what, kind::end);
}

TEST_F(H2Body, KeepsAPieceWhereItIsWhileMoreComes)
{
    start();
    body.on_data("first");
    auto piece = body.ready()->bytes;
    body.on_data(std::string(60'000, 'x'));
    EXPECT_EQ(piece, "first");
    EXPECT_EQ(pushes, 0) << "nobody is done with it";
    EXPECT_EQ(body.ready()->bytes.size(), 60'000U);
    EXPECT_EQ(pushes, 1);
}

TEST_F(H2Body, WithoutDataHasNoLength)
{
    start({}, true);
    body.on_end();
    EXPECT_EQ(body.length(), 0U);
    EXPECT_EQ(body.ready()->what, kind::end);
}

TEST_F(H2Body, MustBeAsLongAsItsHeadSays)
{
    start({framing::kind::length, 3});
    EXPECT_EQ(body.length(), 3U);
    body.on_data("ab");
    body.on_end();
    EXPECT_EQ(body.ready()->bytes, "ab");
    EXPECT_EQ(body.ready()->why, errc::other_length);
    body.stop();
    start({framing::kind::length, 3});
    body.on_data("abc");
    body.on_data("d");
    EXPECT_EQ(body.ready()->bytes, "abc");
    EXPECT_EQ(body.ready()->why, errc::other_length);
}

TEST_F(H2Body, BreaksWithItsStream)
{
    start();
    body.on_data("ab");
    body.fail(errc::cut_short);
    EXPECT_EQ(body.ready()->bytes, "ab");
    EXPECT_EQ(body.ready()->why, errc::cut_short);
    EXPECT_FALSE(body.complete());
}

TEST_F(H2Body, HasALimit)
{
    start();
    body.limit_to(3);
    body.on_data("abcd");
    EXPECT_EQ(body.ready()->why, errc::body_too_large);
}

TEST_F(H2Body, FallsBehindOnlySoFar)
{
    start();
    body.demand_pace(50ms, 0);
    auto piece = test::outcome_of(loop, body.read());
    EXPECT_EQ(piece.what, kind::reset);
    EXPECT_EQ(piece.why, net::errc::timed_out);
}

TEST_F(H2Body, GivesItsTrailers)
{
    start();
    body.on_trailer("x-sum", "1");
    EXPECT_FALSE(body.on_trailers(bounds.head, true));
    body.on_end();
    auto end = *body.ready();
    ASSERT_EQ(end.what, kind::end);
    ASSERT_NE(end.trailers, nullptr);
    EXPECT_EQ(end.trailers->find("x-sum")->value, "1");
    body.stop();
    start();
    body.on_end();
    EXPECT_EQ(body.ready()->trailers, nullptr) << "the next one's are its own";
}

TEST_F(H2Body, TakesTrailersOnlyAtItsEndAndInTheirForm)
{
    start();
    body.on_trailer("x", "1");
    EXPECT_EQ(body.on_trailers(bounds.head, false), errc::bad_trailers);
    body.stop();
    start();
    body.on_trailer(":path", "/");
    EXPECT_EQ(body.on_trailers(bounds.head, true), errc::bad_pseudo_field);
}

}  // namespace
}  // namespace lintel::http
