#include "http/h1_body.hpp"

#include "http/error.hpp"
#include "net/worker.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

namespace lintel::http {
namespace {

using kind = framing::kind;

class H1Body : public testing::Test {
protected:
    H1Body() : H1Body(test::socket_pair()) {}

    test::whole_body read_all()
    {
        test::whole_body all;
        auto job = [](body_source& from, test::whole_body& into) -> task<void> {
            into = co_await test::read_whole(from);
        };
        loop.complete(job(body, all));
        return all;
    }

    net::worker loop;
    test::far_side far;
    std::unique_ptr<net::stream> stream;
    net::buffer input;
    h1_body body;

private:
    explicit H1Body(std::pair<unique_fd, test::far_side> ends)
        : far(std::move(ends.second)),
          stream(net::make_stream(loop, std::move(ends.first), test::nowhere()).value()),
          input(loop.buffers()),
          body(input)
    {
        body.attach(*stream);
    }
};

TEST_F(H1Body, OfNoLengthIsAtItsEnd)
{
    body.start({});
    ASSERT_TRUE(body.ready());
    EXPECT_EQ(body.ready()->what, body_piece::kind::end);
    EXPECT_EQ(body.length(), 0U);
    EXPECT_TRUE(body.complete());
    EXPECT_TRUE(body.finished());
    EXPECT_TRUE(body.untouched());
}

TEST_F(H1Body, OfKnownLengthLeavesTheNextMessageInTheInput)
{
    far.send("helloGET /next");
    body.start({kind::length, 5});
    EXPECT_EQ(body.length(), 5U);
    EXPECT_FALSE(body.complete());
    EXPECT_FALSE(body.ready()) << "nothing is here yet";
    EXPECT_TRUE(body.untouched());
    EXPECT_EQ(read_all().bytes, "hello");
    EXPECT_FALSE(body.untouched());
    EXPECT_TRUE(body.finished());
    EXPECT_EQ(input.bytes(), "GET /next");
    EXPECT_EQ(body.ready()->what, body_piece::kind::end) << "the same answer again";
}

TEST_F(H1Body, IsCompleteWhenAllOfItArrived)
{
    auto space = input.prepare(5);
    std::memcpy(space.data(), "hello", 5);
    input.commit(5);
    body.start({kind::length, 5});
    EXPECT_TRUE(body.complete());
    EXPECT_EQ(body.ready()->bytes, "hello");
    EXPECT_TRUE(body.complete());
    EXPECT_EQ(body.ready()->what, body_piece::kind::end);
}

TEST_F(H1Body, ThatEndsBeforeItsLengthIsCutShort)
{
    far.send("hel");
    far.shutdown_write();
    body.start({kind::length, 5});
    auto all = read_all();
    EXPECT_EQ(all.bytes, "hel");
    EXPECT_EQ(all.reset, errc::cut_short);
    EXPECT_FALSE(body.finished());
    EXPECT_EQ(read_all().reset, errc::cut_short) << "the same answer again";
}

TEST_F(H1Body, MakesOnePieceOfSmallChunks)
{
    std::string sent, expected;
    for (int i = 0; i < 500; ++i) {
        sent += "1\r\na\r\n";
        expected += 'a';
    }
    sent += "7D0\r\n" + std::string(2000, 'b') + "\r\n2\r\ncc\r\n0\r\nX: y\r\n\r\nGET";
    auto space = input.prepare(sent.size());
    std::memcpy(space.data(), sent.data(), sent.size());
    input.commit(sent.size());
    body.start({kind::chunked, 0});
    auto first = body.ready();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->bytes, expected + std::string(2000, 'b') + "cc");
    EXPECT_FALSE(body.finished());
    auto last = body.ready();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->what, body_piece::kind::end);
    ASSERT_NE(last->trailers, nullptr);
    EXPECT_EQ(last->trailers->find("x")->value, "y");
    EXPECT_EQ(input.bytes(), "GET");
}

TEST_F(H1Body, GivesWhatCameBeforeAMalformedChunk)
{
    far.send("1\r\na\r\n1\r\nb\r\n+1\r\nc\r\n");
    body.start({kind::chunked, 0});
    auto all = read_all();
    EXPECT_EQ(all.bytes, "ab");
    EXPECT_EQ(all.reset, errc::bad_chunk);
    EXPECT_FALSE(body.finished());
}

TEST_F(H1Body, UntilCloseEndsWithTheStream)
{
    far.send("hello");
    far.shutdown_write();
    body.start({kind::until_close, 0});
    EXPECT_EQ(body.length(), std::nullopt);
    auto all = read_all();
    EXPECT_EQ(all.bytes, "hello");
    EXPECT_FALSE(all.reset);
    EXPECT_TRUE(body.finished());
}

TEST_F(H1Body, InChunksGivesTrailersAndKeepsTheNextMessage)
{
    far.send("5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\nGET /next");
    body.start({kind::chunked, 0});
    EXPECT_EQ(body.length(), std::nullopt);
    auto all = read_all();
    EXPECT_EQ(all.bytes, "hello world");
    EXPECT_EQ(all.trailers, "X-Sum=1;");
    EXPECT_TRUE(body.finished());
    EXPECT_EQ(input.bytes(), "GET /next");
}

TEST_F(H1Body, InChunksWithoutLastChunkIsCutShort)
{
    far.send("5\r\nhello\r\n");
    far.shutdown_write();
    body.start({kind::chunked, 0});
    auto all = read_all();
    EXPECT_EQ(all.bytes, "hello");
    EXPECT_EQ(all.reset, errc::cut_short);
    EXPECT_FALSE(body.finished());
}

TEST_F(H1Body, InMalformedChunksIsReset)
{
    far.send("5\r\nhelloXX");
    body.start({kind::chunked, 0});
    auto all = read_all();
    EXPECT_EQ(all.bytes, "hello");
    EXPECT_EQ(all.reset, errc::bad_chunk);
}

TEST_F(H1Body, SaysOnceThatItIsAboutToWait)
{
    int said = 0;
    auto say = [](int& count, test::far_side& far) -> task<void> {
        ++count;
        far.send("hello");
        co_return;
    };
    body.start({kind::length, 5}, [&] { return say(said, far); });
    EXPECT_FALSE(body.ready());
    EXPECT_EQ(said, 0) << "not before someone reads";
    EXPECT_EQ(read_all().bytes, "hello");
    EXPECT_EQ(said, 1);
}

TEST_F(H1Body, DoesNotSpeakWhenTheBodyIsHereAlready)
{
    auto space = input.prepare(5);
    std::memcpy(space.data(), "hello", 5);
    input.commit(5);
    int said = 0;
    auto say = [](int& count) -> task<void> {
        ++count;
        co_return;
    };
    body.start({kind::length, 5}, [&] { return say(said); });
    EXPECT_EQ(read_all().bytes, "hello");
    EXPECT_EQ(said, 0);
}

TEST_F(H1Body, CarriesAMebibyteUnchanged)
{
    std::string sent;
    for (int i = 0; sent.size() < 1 << 20; ++i) sent += std::to_string(i);
    std::thread sender([&] { far.send("100000\r\n" + sent.substr(0, 1 << 20) + "\r\n0\r\n\r\n"); });
    body.start({kind::chunked, 0});
    auto all = read_all();
    sender.join();
    EXPECT_TRUE(all.bytes == sent.substr(0, 1 << 20));
}

}  // namespace
}  // namespace lintel::http
