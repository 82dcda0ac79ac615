#include "net/buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

namespace lintel::net {
namespace {

TEST(Buffer, IsAQueueOfBytes)
{
    buffer_pool pool;
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
        buffer queue(pool);
        std::string model;
        char next = 'a';
        for (int step = 0; step < 1000; ++step) {
            auto what = random() % 100;
            if (what < 55) {
                auto least = random() % (what < 5 ? 40'000 : 3000);
                auto space = queue.prepare(least);
                ASSERT_GE(space.size(), least);
                auto count = least == 0 ? 0 : random() % least;
                std::memset(space.data(), next, count);
                queue.commit(count);
                model.append(count, next);
                next = next == 'z' ? 'a' : static_cast<char>(next + 1);
            } else if (what < 98) {
                auto count = model.empty() ? 0 : random() % (model.size() + 1);
                queue.consume(count);
                model.erase(0, count);
            } else {
                queue.release();
                model.clear();
            }
            ASSERT_EQ(queue.size(), model.size());
            ASSERT_EQ(queue.empty(), model.empty());
            ASSERT_TRUE(queue.bytes() == model);
        }
    }
}

TEST(Buffer, LeavesItsBytesWhereTheyAreUntilItNeedsRoom)
{
    buffer_pool pool;
    buffer queue(pool);
    auto space = queue.prepare(10);
    std::memcpy(space.data(), "0123456789", 10);
    queue.commit(10);
    auto seen = queue.bytes().substr(4);
    queue.consume(4);
    queue.commit(0);
    EXPECT_EQ(queue.bytes().data(), seen.data());
    EXPECT_EQ(seen, "456789");
}

TEST(BufferPool, GivesTheSameBlockAgain)
{
    buffer_pool pool;
    auto block = pool.take(buffer_pool::block_bytes);
    auto* place = block.get();
    pool.give_back(std::move(block), buffer_pool::block_bytes);
    EXPECT_NE(pool.take(buffer_pool::large_bytes).get(), place);
    EXPECT_EQ(pool.take(buffer_pool::block_bytes).get(), place);
}

}  // namespace
}  // namespace lintel::net
