#include "net/connect_host.hpp"

#include "net/error.hpp"
#include "tests/support/black_hole.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace lintel::net {
namespace {

using namespace std::chrono_literals;
using test::black_hole;
using test::dns_server;
using test::outcome_of;
using outcome = result<std::unique_ptr<stream>>;

class ConnectHost : public testing::Test {
protected:
    outcome connect(const std::string& host, duration limit)
    {
        auto start = steady_clock::now();
        auto made = outcome_of(loop, connect_host(loop, names, host, port, limit));
        took = steady_clock::now() - start;
        return made;
    }
    address at(const char* ip) const { return address::of_ip(ip, port).value(); }

    /// `abort()` soon after run() began.
    error_code aborted(const std::string& host)
    {
        host_connect attempt(loop, names, host, port);
        std::optional<outcome> made;
        auto start = steady_clock::now();
        loop.complete(meanwhile(loop, test::keep(attempt.run(10s), made), attempt));
        took = steady_clock::now() - start;
        return made && !*made ? made->error() : error_code();
    }

    static task<void> meanwhile(worker& home, task<void> run, host_connect& attempt)
    {
        task_group group(home);
        group.spawn("run", std::move(run));
        event pause(home);
        co_await pause.wait_until(steady_clock::now() + 50ms);
        attempt.abort();
        co_await group.join();
    }

    test::tiny_server server{[](test::peer& client) { client.wait_for_close(); }};
    std::uint16_t port = static_cast<std::uint16_t>(server.port());
    dns_server dns;
    worker loop;
    resolver names{loop, dns.where()};
    duration took{};
};

TEST_F(ConnectHost, ConnectsToAName)
{
    dns.set("app.test", {"127.0.0.1"});
    auto made = connect("app.test", 5s);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ((*made)->peer().to_string(), at("127.0.0.1").to_string());
    EXPECT_TRUE(connect("127.0.0.1", 5s));
    EXPECT_TRUE(connect("localhost", 5s));
}

TEST_F(ConnectHost, TakesTheOtherFamilyAtOnceWhereTheFirstRefuses)
{
    dns.set("app.test", {"127.0.0.1", "::1"});
    auto made = connect("app.test", 5s);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ((*made)->peer().ip(), "127.0.0.1");
    EXPECT_LT(took, host_connect::stagger);
}

TEST_F(ConnectHost, TakesTheOtherFamilySoonWhereTheFirstIsSilent)
{
    black_hole silent(at("::1"));
    dns.set("app.test", {"127.0.0.1", "::1"});
    auto made = connect("app.test", 5s);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ((*made)->peer().ip(), "127.0.0.1");
    EXPECT_GE(took, host_connect::stagger);
    EXPECT_LT(took, 1s);
}

TEST_F(ConnectHost, GetsPastMoreSilentAddressesThanItTriesAtOnce)
{
    black_hole a(at("127.0.0.2")), b(at("127.0.0.3")), c(at("127.0.0.4")), d(at("127.0.0.5"));
    dns.set("app.test", {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.1"});
    auto made = connect("app.test", 5s);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ((*made)->peer().ip(), "127.0.0.1");
    EXPECT_GE(took, 4 * host_connect::stagger) << "an attempt that was given up is no reason to hurry";
    EXPECT_LT(took, 3s);
}

/// The most descriptors that were open at once until `ended`.
task<void> watch_descriptors(worker& home, const bool& ended, std::ptrdiff_t& most)
{
    event pause(home);
    while (!ended) {
        most = std::max(most, std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
        co_await pause.wait_until(steady_clock::now() + 10ms);
    }
}

task<void> note_the_end(task<outcome> run, bool& ended)
{
    EXPECT_EQ((co_await std::move(run)).error(), errc::timed_out);
    ended = true;
}

TEST_F(ConnectHost, TriesNoMoreThanThreeAtOnce)
{
    black_hole a(at("127.0.0.2")), b(at("127.0.0.3")), c(at("127.0.0.4")), d(at("127.0.0.5")), e(at("127.0.0.6"));
    dns.set("app.test", {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"}, 60);
    EXPECT_TRUE(outcome_of(loop, names.resolve("app.test", port)));  // so that no name server's socket counts
    auto before = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    std::ptrdiff_t most = 0;
    bool ended = false;
    auto both = [](worker& home, task<void> first, task<void> second) -> task<void> {
        task_group group(home);
        group.spawn("first", std::move(first));
        group.spawn("second", std::move(second));
        co_await group.join();
    };
    auto run = connect_host(loop, names, "app.test", port, 1300ms);
    loop.complete(both(loop, note_the_end(std::move(run), ended), watch_descriptors(loop, ended, most)));
    EXPECT_EQ(most - before, static_cast<std::ptrdiff_t>(host_connect::most_at_once));
}

TEST_F(ConnectHost, KeepsTheLimitForAllTogether)
{
    black_hole a(at("127.0.0.2")), b(at("127.0.0.3")), c(at("127.0.0.4")), d(at("127.0.0.5"));
    dns.set("app.test", {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"});
    EXPECT_EQ(connect("app.test", 600ms).error(), errc::timed_out);
    EXPECT_GE(took, 600ms);
    EXPECT_LT(took, 1s);
    EXPECT_EQ(connect("127.0.0.2", 100ms).error(), errc::timed_out);
    EXPECT_LT(took, 600ms);
}

TEST_F(ConnectHost, KeepsTheLimitWhileTheNameServerIsSilent)
{
    dns.be(dns_server::mood::silent);
    EXPECT_EQ(connect("app.test", 100ms).error(), errc::timed_out);
    EXPECT_LT(took, 600ms);
}

TEST_F(ConnectHost, SaysRefusedWhereOneAddressRefused)
{
    // Nobody listens at the first; TCP has no way to broadcast and multicast addresses.
    dns.set("app.test", {"127.0.0.2", "255.255.255.255"});
    EXPECT_EQ(connect("app.test", 5s).error(), boost::system::errc::connection_refused);
    EXPECT_LT(took, 1s);
    dns.set("other.test", {"255.255.255.255", "224.0.0.1"});
    auto failed = connect("other.test", 5s);
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.error(), boost::system::errc::network_unreachable);
}

TEST_F(ConnectHost, SaysThatTheNameDoesNotExist)
{
    EXPECT_EQ(connect("nobody.test", 5s).error(), errc::name_not_found);
}

TEST_F(ConnectHost, IsAbortedWhileTheNameServerIsSilent)
{
    dns.be(dns_server::mood::silent);
    EXPECT_EQ(aborted("app.test"), net::errc::aborted);
    EXPECT_LT(took, 500ms);
}

TEST_F(ConnectHost, IsAbortedWhileItConnects)
{
    black_hole a(at("127.0.0.2")), b(at("127.0.0.3"));
    dns.set("one.test", {"127.0.0.2"});
    dns.set("two.test", {"127.0.0.2", "127.0.0.3"});
    for (const auto* host : {"127.0.0.2", "one.test", "two.test"}) {
        EXPECT_EQ(aborted(host), net::errc::aborted) << host;
        EXPECT_LT(took, 500ms) << host;
    }
}

TEST_F(ConnectHost, IsAbortedBeforeItBegins)
{
    host_connect attempt(loop, names, "127.0.0.1", port);
    attempt.abort();
    EXPECT_EQ(outcome_of(loop, attempt.run(5s)).error(), net::errc::aborted);
    EXPECT_EQ(server.accepted(), 0);
}

TEST_F(ConnectHost, EndsItsAttemptsWhenItsTaskIsStopped)
{
    black_hole a(at("127.0.0.2")), b(at("127.0.0.3"));
    dns.set("app.test", {"127.0.0.2", "127.0.0.3"});
    auto stop_soon = [](worker& home, task<outcome> run) -> task<void> {
        std::optional<outcome> made;
        task_group group(home);
        group.spawn("run", test::keep(std::move(run), made));
        event pause(home);
        co_await pause.wait_until(steady_clock::now() + 50ms);
        group.stop();
        co_await group.join();  // its group would say so if an attempt were left
    };
    auto start = steady_clock::now();
    loop.complete(stop_soon(loop, connect_host(loop, names, "app.test", port, 10s)));
    EXPECT_LT(steady_clock::now() - start, 1s);
}

}  // namespace
}  // namespace lintel::net
