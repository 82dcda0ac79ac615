#include "net/listener.hpp"

#include "net/error.hpp"
#include "net/socket.hpp"
#include "net/task_group.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

namespace lintel::net {
namespace {

using namespace std::chrono_literals;
using test::outcome_of;

const host_port anywhere_on_loopback{"127.0.0.1", 0};

TEST(BindEntrypoint, BindsAllSocketsToOnePort)
{
    auto sockets = bind_entrypoint(anywhere_on_loopback, 3);
    ASSERT_TRUE(sockets) << sockets.error().what;
    ASSERT_EQ(sockets->size(), 3U);
    auto first = bound_address((*sockets)[0].get()).value();
    EXPECT_NE(first.port(), 0);
    for (const auto& each : *sockets) EXPECT_EQ(bound_address(each.get()).value().to_string(), first.to_string());
}

TEST(BindEntrypoint, NamesWhoListensThereAlready)
{
    auto first = bind_entrypoint(anywhere_on_loopback, 1).value();
    auto port = bound_address(first[0].get()).value().port();
    auto second = bind_entrypoint({"127.0.0.1", port}, 1);
    ASSERT_FALSE(second) << "SO_REUSEPORT would have let it in";
    auto what = second.error().what;
    EXPECT_NE(what.find(std::to_string(port)), what.npos) << what;
    EXPECT_NE(what.find("in use by"), what.npos) << what;
    EXPECT_NE(what.find("pid " + std::to_string(::getpid())), what.npos) << what;
}

TEST(BindEntrypoint, SaysThatAnAddressIsNotOurs)
{
    auto sockets = bind_entrypoint({"192.0.2.1", 0}, 1);
    ASSERT_FALSE(sockets);
    EXPECT_NE(sockets.error().what.find("can't listen on 192.0.2.1:0"), std::string::npos) << sockets.error().what;
}

TEST(BindEntrypoint, ListensOnBothFamiliesWithoutAHost)
{
    auto sockets = bind_entrypoint({"", 0}, 1);
    ASSERT_TRUE(sockets) << sockets.error().what;
    auto port = bound_address((*sockets)[0].get()).value().port();
    worker loop;
    auto connected = outcome_of(loop, connect(loop, address::of_ip("127.0.0.1", port).value(), 5s));
    ASSERT_TRUE(connected);
    listener accepts(loop, (*sockets)[0].get());
    auto accepted = outcome_of(loop, accepts.accept());
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->peer().ip(), "127.0.0.1") << "never a mapped address";
    EXPECT_EQ(accepted->local().port(), port);
    EXPECT_EQ(accepted->peer_uid(), std::nullopt);
}

TEST(Listener, TakesTheQueueBeforeItStops)
{
    worker loop;
    auto sockets = bind_entrypoint(anywhere_on_loopback, 1).value();
    auto where = bound_address(sockets[0].get()).value();
    auto first = outcome_of(loop, connect(loop, where, 5s)), second = outcome_of(loop, connect(loop, where, 5s));
    ASSERT_TRUE(first && second);
    listener accepts(loop, sockets[0].get());
    accepts.stop();
    EXPECT_NE(outcome_of(loop, accepts.accept()), nullptr);
    EXPECT_NE(outcome_of(loop, accepts.accept()), nullptr);
    EXPECT_EQ(outcome_of(loop, accepts.accept()), nullptr);
    // The socket itself goes on: another process's listener takes what comes later.
    auto third = outcome_of(loop, connect(loop, where, 5s));
    ASSERT_TRUE(third);
    listener successor(loop, sockets[0].get());
    EXPECT_NE(outcome_of(loop, successor.accept()), nullptr);
}

task<void> stop_it(listener& which)
{
    which.stop();
    co_return;
}

TEST(Listener, StopsWhileItWaits)
{
    worker loop;
    auto sockets = bind_entrypoint(anywhere_on_loopback, 1).value();
    listener accepts(loop, sockets[0].get());
    std::optional<std::unique_ptr<stream>> accepted;
    auto both = [](worker& home, task<void> first, task<void> second) -> task<void> {
        task_group group(home);
        group.spawn("accept", std::move(first));
        group.spawn("stop", std::move(second));
        co_await group.join();
    };
    loop.complete(both(loop, test::keep(accepts.accept(), accepted), stop_it(accepts)));
    ASSERT_TRUE(accepted);
    EXPECT_EQ(*accepted, nullptr);
}

TEST(BindUnix, ReplacesAStaleSocketAndProtectsIt)
{
    test::temporary_folder folder;
    auto path = folder / "x.sock";
    {
        auto stale = bind_unix(path).value();
    }
    auto socket = bind_unix(path);
    ASSERT_TRUE(socket) << socket.error().what;
    struct stat what{};
    ASSERT_EQ(::stat(path.c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777, 0600U);
    worker loop;
    EXPECT_TRUE(outcome_of(loop, connect(loop, address::of_unix(path).value(), 5s)));
}

TEST(BindUnix, TakesPathsThatASocketAddressHasNoRoomFor)
{
    test::temporary_folder folder;
    auto deep = folder / (std::string(90, 'a') + "/" + std::string(90, 'b'));
    std::filesystem::create_directories(deep);
    auto socket = bind_unix(deep + "/x.sock");
    ASSERT_TRUE(socket) << socket.error().what;
    EXPECT_TRUE(std::filesystem::is_socket(deep + "/x.sock"));
}

TEST(BindUnix, SaysWhichFolderIsMissing)
{
    auto socket = bind_unix("/nowhere/at/all/x.sock");
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().where, "/nowhere/at/all/x.sock");
}

TEST(Connect, ReportsARefusal)
{
    auto sockets = bind_entrypoint(anywhere_on_loopback, 1).value();
    auto where = bound_address(sockets[0].get()).value();
    sockets.clear();
    worker loop;
    auto connected = outcome_of(loop, connect(loop, where, 5s));
    EXPECT_EQ(connected.error(), boost::system::errc::connection_refused);
}

}  // namespace
}  // namespace lintel::net
