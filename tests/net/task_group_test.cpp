#include "net/task_group.hpp"

#include "net/worker_thread.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

#include <future>

namespace lintel::net {
namespace {

using namespace std::chrono_literals;

task<void> count_up(int& count)
{
    ++count;
    co_return;
}

task<void> wait_for(event& what, int& count)
{
    co_await what.wait();
    ++count;
}

task<void> fail()
{
    throw std::runtime_error("on purpose");
    co_return;
}

TEST(TaskGroup, JoinsWhenTheLastTaskHasEnded)
{
    worker loop;
    auto run = [](worker& home) -> task<int> {
        task_group group(home);
        int count = 0;
        event go(home);
        group.spawn("waits", wait_for(go, count));
        group.spawn("counts", count_up(count));
        EXPECT_EQ(count, 1) << "a task runs to its first wait inside spawn()";
        EXPECT_EQ(group.size(), 2U);
        go.notify();
        co_await group.join();
        EXPECT_EQ(group.size(), 0U);
        co_await group.join();
        co_return count;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), 2);
}

task<void> run_until_stopped(worker& home, int& ended)
{
    struct counter {
        int& count;
        ~counter() { ++count; }
    } counts{ended};
    event never(home);
    co_await never.wait();
    co_await never.wait();  // a cancelled task doesn't come this far
    ended += 100;
}

TEST(TaskGroup, StopsItsTasksAndUnwindsThem)
{
    worker loop;
    auto run = [](worker& home) -> task<int> {
        int ended = 0;
        task_group group(home);
        for (int i = 0; i < 10; ++i) group.spawn("waits", run_until_stopped(home, ended));
        // Let them begin before they are asked to end.
        event turn(home);
        (void)co_await turn.wait_until(steady_clock::now() + 1ms);
        EXPECT_EQ(ended, 0);
        group.stop();
        co_await group.join();
        co_return ended;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), 10);
}

TEST(TaskGroup, GoesOnWhenATaskFails)
{
    worker loop;
    auto run = [](worker& home) -> task<int> {
        int count = 0;
        task_group group(home);
        group.spawn("fails", fail());
        group.spawn("counts", count_up(count));
        co_await group.join();
        co_return count;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), 1);
}

TEST(Event, RemembersANotification)
{
    worker loop;
    auto run = [](worker& home) -> task<bool> {
        event what(home);
        what.notify();
        what.notify();
        co_await what.wait();
        bool again = co_await what.wait_until(steady_clock::now() + 1ms);
        EXPECT_FALSE(again) << "twice notified is once";
        what.notify();
        co_return co_await what.wait_until(steady_clock::now() - 1s);
    };
    EXPECT_TRUE(test::outcome_of(loop, run(loop)));
}

class noted_deadline final : public deadline {
public:
    noted_deadline(sweep& home, std::function<void()> note) : deadline(home), note_(std::move(note)) {}

private:
    void late() override { note_(); }
    std::function<void()> note_;
};

TEST(Deadline, IsLateOnceAndNotBeforeItsTime)
{
    worker loop;
    auto run = [](worker& home) -> task<int> {
        int late = 0;
        time_point when;
        event done(home);
        noted_deadline early(home.deadlines(), [&] {
            ++late;
            when = steady_clock::now();
        });
        noted_deadline last(home.deadlines(), [&] { done.notify(); });
        noted_deadline unset(home.deadlines(), [&] { late += 100; });
        noted_deadline cleared(home.deadlines(), [&] { late += 1000; });
        auto start = steady_clock::now();
        early.set(start + 50ms);
        cleared.set(start + 50ms);
        cleared.clear();
        last.set(start + 250ms);
        co_await done.wait();
        EXPECT_GE(when - start, 50ms);
        co_return late;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), 1);
}

TEST(Deadline, MayRemoveOthersWhileItIsLate)
{
    worker loop;
    auto run = [](worker& home) -> task<int> {
        int late = 0;
        event done(home);
        std::vector<std::unique_ptr<noted_deadline>> all;
        for (int i = 0; i < 5; ++i) {
            all.push_back(std::make_unique<noted_deadline>(home.deadlines(), [&] {
                ++late;
                // The first one to be late ends those that stand behind it in the list.
                all.resize(1);
                done.notify();
            }));
            all.back()->set(steady_clock::now());
        }
        co_await done.wait();
        co_return late;
    };
    EXPECT_EQ(test::outcome_of(loop, run(loop)), 1);
}

TEST(WorkerThread, RunsWhatIsPosted)
{
    worker_thread other("test");
    std::promise<std::thread::id> where;
    other.loop().post([&] { where.set_value(std::this_thread::get_id()); });
    EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

TEST(Worker, ThrowsOnWhatEscapesItsJob)
{
    worker loop;
    EXPECT_THROW(loop.complete(fail()), std::runtime_error);
}

}  // namespace
}  // namespace lintel::net
