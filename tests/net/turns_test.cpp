#include "net/turns.hpp"

#include "net/task_group.hpp"
#include "net/worker.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace lintel::net {
namespace {

struct stage {
    explicit stage(worker& home) : queue(home), group(home) {}

    turns queue;
    std::string begun;
    int inside = 0;
    task_group group;
};

task<void> hold(stage& on, char name, event& until)
{
    auto mine = co_await on.queue.take();
    on.begun += name;
    EXPECT_EQ(++on.inside, 1) << name;
    struct leaving {
        int& count;
        ~leaving() { --count; }
    } at_the_end{on.inside};
    co_await until.wait();
}

task<void> hold_all(stage& on, char name, event& first, event& second)
{
    co_await hold(on, name, first);
    co_await hold(on, static_cast<char>(name - 'a' + 'A'), second);
}

/// Lets everybody go on who can.
task<void> settle(worker& home)
{
    for (int i = 0; i < 5; ++i) {
        event soon(home);
        co_await soon.wait_until(steady_clock::now());
    }
}

TEST(Turns, FirstComeFirstServedAndOneAtATime)
{
    worker loop;
    auto run = [](worker& home) -> task<std::string> {
        stage on(home);
        event a(home), b(home), c(home);
        on.group.spawn("a", hold(on, 'a', a));
        on.group.spawn("b", hold(on, 'b', b));
        on.group.spawn("c", hold(on, 'c', c));
        co_await settle(home);
        EXPECT_EQ(on.begun, "a");
        c.notify();
        co_await settle(home);
        EXPECT_EQ(on.begun, "a") << "it is not c's turn";
        a.notify();
        co_await settle(home);
        EXPECT_EQ(on.begun, "ab");
        b.notify();
        co_await on.group.join();
        co_return on.begun;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), "abc");
}

TEST(Turns, WhoComesBackQueuesAgain)
{
    worker loop;
    auto run = [](worker& home) -> task<std::string> {
        stage on(home);
        event a(home), again(home), b(home);
        on.group.spawn("a", hold_all(on, 'a', a, again));
        on.group.spawn("b", hold(on, 'b', b));
        a.notify();
        co_await settle(home);
        EXPECT_EQ(on.begun, "ab");
        b.notify();
        again.notify();
        co_await on.group.join();
        co_return on.begun;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), "abA");
}

TEST(Turns, ANewOneFindsItFreeAfterTheLast)
{
    worker loop;
    auto run = [](worker& home) -> task<std::string> {
        stage on(home);
        for (char name : {'a', 'b'}) {
            event go(home);
            on.group.spawn("one", hold(on, name, go));
            go.notify();
            co_await on.group.join();
        }
        co_return on.begun;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), "ab");
}

TEST(Turns, WhoIsCancelledInTheQueueHoldsUpNobody)
{
    worker loop;
    auto run = [](worker& home) -> task<std::string> {
        stage on(home);
        task_group given_up(home);
        event a(home), never(home), c(home);
        on.group.spawn("a", hold(on, 'a', a));
        given_up.spawn("b", hold(on, 'b', never));
        on.group.spawn("c", hold(on, 'c', c));
        given_up.stop();
        co_await given_up.join();
        a.notify();
        c.notify();
        co_await on.group.join();
        co_return on.begun;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), "ac");
}

TEST(Turns, WhoIsCancelledAsItIsCalledPassesTheCallOn)
{
    worker loop;
    auto run = [](worker& home) -> task<std::string> {
        stage on(home);
        task_group given_up(home);
        event never(home), c(home);
        {
            auto first = std::optional(co_await on.queue.take());
            given_up.spawn("b", hold(on, 'b', never));
            on.group.spawn("c", hold(on, 'c', c));
            first.reset();  // b is called, but has not gone on yet
            given_up.stop();
        }
        co_await given_up.join();
        c.notify();
        co_await on.group.join();
        co_return on.begun;
    };
    auto begun = test::outcome_of(loop, run(loop));
    EXPECT_TRUE(begun == "c" || begun == "bc") << begun << ": c's turn comes in any case";
}

TEST(Turns, WhoIsCancelledInsideLetsTheNextOneIn)
{
    worker loop;
    auto run = [](worker& home) -> task<std::string> {
        stage on(home);
        task_group given_up(home);
        event never(home), b(home);
        given_up.spawn("a", hold(on, 'a', never));
        on.group.spawn("b", hold(on, 'b', b));
        given_up.stop();
        co_await given_up.join();
        b.notify();
        co_await on.group.join();
        co_return on.begun;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), "ab");
}

}  // namespace
}  // namespace lintel::net
