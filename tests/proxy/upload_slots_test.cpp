#include "net/task_group.hpp"
#include "net/worker.hpp"
#include "proxy/upstream/service.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

using namespace std::chrono_literals;

/// Waits for a place, says that it has one, and keeps it until `leave` is notified.
task<void> upload(net::worker& loop, upload_slots& slots, net::event& leave, char name, std::string& order)
{
    net::event woken(loop);
    auto place = co_await slots.take(woken, 2, steady_clock::now() + 5s);
    order += place ? name : '-';
    co_await leave.wait();
}

task<void> five_uploads(net::worker& loop, upload_slots& slots, std::string& order)
{
    net::event leaves[5] = {net::event(loop), net::event(loop), net::event(loop), net::event(loop), net::event(loop)};
    net::task_group group(loop);
    for (int i = 0; i < 5; ++i)
        group.spawn("upload", upload(loop, slots, leaves[i], static_cast<char>('a' + i), order));
    EXPECT_EQ(order, "ab") << "two places, the others wait";
    for (auto& each : leaves) each.notify();  // both go at once: two others may come
    co_await group.join();
}

TEST(UploadSlots, LetSoManyInAtATimeAndTheOthersInOrder)
{
    net::worker loop;
    upload_slots slots;
    std::string order;
    loop.complete(five_uploads(loop, slots, order));
    EXPECT_EQ(order, "abcde");
}

task<void> wait_in_vain(net::worker& loop, upload_slots& slots)
{
    net::event woken(loop);
    auto held = co_await slots.take(woken, 1, steady_clock::now());
    EXPECT_TRUE(held);
    EXPECT_FALSE(co_await slots.take(woken, 1, steady_clock::now() + 20ms));
    held = upload_slots::place();
    EXPECT_TRUE(co_await slots.take(woken, 1, steady_clock::now() + 20ms)) << "the place was given back";
}

TEST(UploadSlots, AreWaitedForUntilAnEnd)
{
    net::worker loop;
    upload_slots slots;
    loop.complete(wait_in_vain(loop, slots));
}

}  // namespace
}  // namespace lintel::proxy
