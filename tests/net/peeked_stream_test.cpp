#include "net/peeked_stream.hpp"

#include "net/error.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

namespace lintel::net {
namespace {

using namespace std::chrono_literals;
using test::outcome_of;

class PeekedStream : public testing::Test {
protected:
    PeekedStream() : PeekedStream(test::socket_pair()) {}

    std::string read(std::size_t most = 100)
    {
        std::string text(most, '\0');
        auto count = near.try_read(std::as_writable_bytes(std::span(text)));
        if (!count) return count.error().message();
        text.resize(*count);
        return text;
    }

    void peek(std::string_view text)
    {
        far.send(text);
        ASSERT_TRUE(outcome_of(loop, near.peek_more()));
    }

    worker loop;
    test::far_side far;
    peeked_stream near;

private:
    explicit PeekedStream(std::pair<unique_fd, test::far_side> ends)
        : far(std::move(ends.second)), near(loop, make_stream(loop, std::move(ends.first), test::nowhere()).value())
    {
    }
};

TEST_F(PeekedStream, GivesWhatWasPeekedAtFirst)
{
    peek("one ");
    peek("two ");
    EXPECT_EQ(near.peeked(), "one two ");
    far.send("three");
    loop.round({});  // notes that it came
    EXPECT_EQ(read(5), "one t") << "a small read leaves the rest";
    EXPECT_EQ(read(), "wo ");
    EXPECT_EQ(near.peeked(), "");
    EXPECT_EQ(read(), "three");
    EXPECT_EQ(read(), make_error_code(errc::would_block).message());
}

TEST_F(PeekedStream, CopiesWhatDripsRarely)
{
    std::string all;
    const char* place = nullptr;
    int moves = 0;
    while (all.size() < 60'000) {
        std::string piece(100, static_cast<char>('a' + all.size() / 100 % 26));
        peek(piece);
        all += piece;
        moves += near.peeked().data() != std::exchange(place, near.peeked().data());
    }
    EXPECT_EQ(near.peeked(), all);
    EXPECT_LE(moves, 4);
}

TEST_F(PeekedStream, NeedsNoWaitForBytesThatAreHere)
{
    peek("x");
    EXPECT_TRUE(near.readable_now());
    EXPECT_TRUE(near.readable_so_far());
    EXPECT_FALSE(near.splices()) << "a pipe would miss them";
    near.expires_at(direction::read, steady_clock::now() - 1s);
    auto wait = [](stream& on) -> task<result<void>> { co_return co_await on.wait(direction::read); };
    EXPECT_TRUE(outcome_of(loop, wait(near)));
    EXPECT_EQ(read(), "x");
    EXPECT_FALSE(near.readable_now());
    EXPECT_TRUE(near.splices());
    EXPECT_EQ(outcome_of(loop, wait(near)).error(), errc::timed_out);
}

TEST_F(PeekedStream, SkipsWhatNobodyShallRead)
{
    peek("header;body");
    near.skip(7);
    EXPECT_EQ(near.peeked(), "body");
    EXPECT_EQ(read(), "body");
}

TEST_F(PeekedStream, SaysThatNoMoreComes)
{
    peek("x");
    far.shutdown_write();
    EXPECT_EQ(outcome_of(loop, near.peek_more()).error(), errc::end_of_stream);
    EXPECT_EQ(read(), "x");
    EXPECT_EQ(read(), "") << "the end";
}

TEST_F(PeekedStream, PeeksNoLongerThanItsDeadline)
{
    near.expires_at(direction::read, steady_clock::now());
    EXPECT_EQ(outcome_of(loop, near.peek_more()).error(), errc::timed_out);
}

TEST_F(PeekedStream, GivesNothingOnceItIsClosed)
{
    peek("x");
    near.close();
    EXPECT_EQ(read(), make_error_code(errc::aborted).message());
}

TEST_F(PeekedStream, WritesAsEver)
{
    peek("x");
    EXPECT_TRUE(outcome_of(loop, near.write_all("answer")));
    EXPECT_TRUE(near.shutdown_write());
    EXPECT_EQ(far.read_to_end(), "answer");
}

TEST_F(PeekedStream, StandsForWhomAProxySays)
{
    EXPECT_EQ(near.peer().to_string(), "unix:pair");
    near.stand_for({address::of_ip("192.0.2.1", 1000).value(), address::of_ip("192.0.2.2", 443).value()});
    EXPECT_EQ(near.peer().to_string(), "192.0.2.1:1000");
    EXPECT_EQ(near.local().to_string(), "192.0.2.2:443");
}

}  // namespace
}  // namespace lintel::net
