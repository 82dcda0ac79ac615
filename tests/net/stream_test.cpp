#include "net/stream.hpp"

#include "net/error.hpp"
#include "net/frames.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

#include <thread>

#include <sys/socket.h>

namespace lintel::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::outcome_of;

class Stream : public testing::Test {
protected:
    Stream() : Stream(test::socket_pair()) {}

    worker loop;
    test::far_side far;
    std::unique_ptr<stream> near;

private:
    explicit Stream(std::pair<unique_fd, test::far_side> ends)
        : far(std::move(ends.second)), near(make_stream(loop, std::move(ends.first), test::nowhere()).value())
    {
    }
};

task<result<std::string>> read_text(stream& from)
{
    std::array<std::byte, 100> some;
    auto count = co_await from.read_some(some);
    if (!count) co_return count.error();
    co_return std::string(reinterpret_cast<const char*>(some.data()), *count);
}

TEST_F(Stream, ReadsWhatIsThereAndTheEnd)
{
    far.send("hello");
    EXPECT_EQ(outcome_of(loop, read_text(*near)).value(), "hello");
    far.shutdown_write();
    EXPECT_EQ(outcome_of(loop, read_text(*near)).value(), "");
}

TEST_F(Stream, SaysWhenItWouldBlock)
{
    std::array<std::byte, 10> some;
    EXPECT_EQ(near->try_read(some).error(), net::errc::would_block);
    std::string much(1 << 20, 'x');
    std::string_view piece = much;
    for (;;) {
        auto count = near->try_write({&piece, 1});
        if (count) continue;
        EXPECT_EQ(count.error(), net::errc::would_block);
        break;
    }
}

TEST_F(Stream, KnowsWithoutReadingWhetherSomethingIsThere)
{
    EXPECT_FALSE(near->readable_now());
    EXPECT_FALSE(near->peer_gone());
    far.send("x");
    EXPECT_TRUE(near->readable_now());
    EXPECT_FALSE(near->peer_gone());
    far.shutdown_write();
    loop.round({});
    EXPECT_TRUE(near->peer_gone()) << "behind bytes that nobody read";
    EXPECT_EQ(outcome_of(loop, read_text(*near)).value(), "x");
}

/// Two ends of a TCP connection.
std::pair<unique_fd, unique_fd> tcp_pair()
{
    unique_fd listening(::socket(AF_INET, SOCK_STREAM, 0)), near(::socket(AF_INET, SOCK_STREAM, 0));
    auto where = address::of_ip("127.0.0.1", 0).value();
    EXPECT_EQ(::bind(listening.get(), where.raw(), where.length()), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    auto bound = bound_address(listening.get()).value();
    EXPECT_EQ(::connect(near.get(), bound.raw(), bound.length()), 0);
    unique_fd far(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK));
    return {std::move(near), std::move(far)};
}

TEST(TcpStream, ReadsOnBehindAnUrgentMark)
{
    worker loop;
    auto [sends, receives] = tcp_pair();
    auto stream = make_stream(loop, std::move(receives), address::of_ip("127.0.0.1", 1).value()).value();
    ASSERT_EQ(::send(sends.get(), "before", 6, 0), 6);
    ASSERT_EQ(::send(sends.get(), "!", 1, MSG_OOB), 1);
    ASSERT_EQ(::send(sends.get(), "after", 5, 0), 5);
    EXPECT_EQ(outcome_of(loop, read_text(*stream)).value(), "before");
    EXPECT_TRUE(stream->readable_so_far());
    EXPECT_EQ(outcome_of(loop, read_text(*stream)).value(), "after");
}

TEST_F(Stream, WritesAllOfManyPieces)
{
    std::string large(3 << 20, 'x');
    std::thread reader([&] {
        EXPECT_EQ(far.read_exactly(4), "head");
        EXPECT_TRUE(far.read_exactly(large.size()) == large);
        EXPECT_EQ(far.read_exactly(4), "tail");
    });
    auto write = [](stream& to, std::string_view body) -> task<result<void>> {
        std::array<std::string_view, 5> pieces{"head", "", body, "", "tail"};
        co_return co_await to.write_all(pieces);
    };
    EXPECT_TRUE(outcome_of(loop, write(*near, large)));
    reader.join();
}

TEST_F(Stream, WritesNothingOfNothing)
{
    EXPECT_TRUE(outcome_of(loop, near->write_all("")));
    EXPECT_TRUE(outcome_of(loop, near->write_all(std::span<const std::string_view>())));
}

TEST_F(Stream, ReportsAPeerThatIsGone)
{
    far.close();
    std::string large(1 << 20, 'x');
    auto written = outcome_of(loop, near->write_all(large));
    EXPECT_EQ(written.error(), boost::system::errc::broken_pipe);
}

TEST_F(Stream, LosesPatienceWithASilentPeer)
{
    near->set_patience(direction::read, 50ms);
    auto start = steady_clock::now();
    EXPECT_EQ(outcome_of(loop, read_text(*near)).error(), errc::timed_out);
    EXPECT_GE(steady_clock::now() - start, 50ms);
    far.send("late");
    EXPECT_EQ(outcome_of(loop, read_text(*near)).value(), "late") << "the stream itself lives on";
}

TEST_F(Stream, EndsAtAnAbsoluteTimeThatIsPast)
{
    near->expires_at(direction::read, steady_clock::now() - 1s);
    EXPECT_EQ(outcome_of(loop, read_text(*near)).error(), errc::timed_out);
    near->expires_at(direction::read, time_point::max());
    far.send("x");
    EXPECT_EQ(outcome_of(loop, read_text(*near)).value(), "x");
}

TEST_F(Stream, LosesPatienceWithAPeerThatTakesNothing)
{
    near->set_patience(direction::write, 50ms);
    std::string large(8 << 20, 'x');
    EXPECT_EQ(outcome_of(loop, near->write_all(large)).error(), errc::timed_out);
}

task<void> write_in_vain(stream& to, test::far_side& far, error_code& failure)
{
    std::string large(8 << 20, 'x');
    failure = (co_await to.write_all(large)).error();
    far.send("still here");
}

task<void> read_while_writing_fails(worker& loop, stream& both, test::far_side& far, error_code& failure,
                                    result<std::string>& got)
{
    task_group writing(loop);
    writing.spawn("write", write_in_vain(both, far, failure));
    got = co_await read_text(both);
    co_await writing.join();
}

TEST_F(Stream, GoesOnReadingWhenWritingTimedOut)
{
    near->set_patience(direction::write, 50ms);
    error_code failure;
    result<std::string> got = error_code(errc::end_of_stream);
    loop.complete(read_while_writing_fails(loop, *near, far, failure, got));
    EXPECT_EQ(failure, errc::timed_out);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(*got, "still here");
}

TEST_F(Stream, EndsItsWaitsWhenItIsClosed)
{
    auto close_soon = [](stream& which) -> task<void> {
        which.close();
        which.close();
        co_return;
    };
    std::optional<result<std::string>> read;
    auto both = [](worker& home, task<void> first, task<void> second) -> task<void> {
        task_group group(home);
        group.spawn("first", std::move(first));
        group.spawn("second", std::move(second));
        co_await group.join();
    };
    loop.complete(both(loop, test::keep(read_text(*near), read), close_soon(*near)));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->error(), net::errc::aborted);
    EXPECT_EQ(outcome_of(loop, read_text(*near)).error(), net::errc::aborted);
    EXPECT_EQ(far.read_to_end(), "");
}

TEST_F(Stream, HalfCloses)
{
    near->shutdown_write();
    EXPECT_EQ(far.read_to_end(), "");
    far.send("still");
    EXPECT_EQ(outcome_of(loop, read_text(*near)).value(), "still");
}

TEST_F(Stream, KnowsTheUserBehindAUnixSocket) { EXPECT_EQ(near->peer_uid(), ::getuid()); }

TEST_F(Stream, CarriesFrames)
{
    for (const auto& payload : {""s, "x"s, "two\0three"s, std::string(frame_limit_bytes, 'y')}) {
        std::thread echo([&] { far.send(far.read_exactly(4 + payload.size())); });
        EXPECT_TRUE(outcome_of(loop, write_frame(*near, payload)));
        auto back = outcome_of(loop, read_frame(*near));
        echo.join();
        ASSERT_TRUE(back) << payload.size();
        EXPECT_TRUE(*back == payload);
    }
}

TEST_F(Stream, ReadsFramesThatComeByteByByte)
{
    std::thread sender([&] {
        for (char c : "\0\0\0\3abc\0\0\0\1d"s) far.send({&c, 1});
    });
    EXPECT_EQ(outcome_of(loop, read_frame(*near)).value(), "abc");
    EXPECT_EQ(outcome_of(loop, read_frame(*near)).value(), "d");
    sender.join();
}

TEST_F(Stream, RefusesFramesThatAreTooLarge)
{
    EXPECT_EQ(outcome_of(loop, write_frame(*near, std::string(frame_limit_bytes + 1, 'x'))).error(),
              errc::frame_too_large);
    far.send("\x00\x10\x00\x01"s);
    EXPECT_EQ(outcome_of(loop, read_frame(*near)).error(), errc::frame_too_large);
}

TEST_F(Stream, TellsACutFrame)
{
    far.send("\0\0\0\5abc"s);
    far.shutdown_write();
    EXPECT_EQ(outcome_of(loop, read_frame(*near)).error(), errc::end_of_stream);
}

}  // namespace
}  // namespace lintel::net
