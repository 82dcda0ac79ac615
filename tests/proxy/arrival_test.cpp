#include "proxy/arrival.hpp"

#include "net/worker.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lintel::proxy {
namespace {

TEST(Listed, IsInTheListNoLongerThanItLives)
{
    net::worker loop;
    auto [ours, far] = test::socket_pair();
    auto client = net::make_stream(loop, std::move(ours), test::nowhere()).value();
    std::list<net::stream*> list;
    auto fails = [&] {
        listed here(list, *client);
        EXPECT_EQ(list, std::list<net::stream*>{client.get()});
        throw std::runtime_error("whatever");
    };
    EXPECT_THROW(fails(), std::runtime_error);
    EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace lintel::proxy
