#include "proxy/admission.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

using verdict = admission::verdict;

net::address at(const char* ip) { return net::address::of_ip(ip, 1234).value(); }

TEST(Admission, CapsConnectionsInAll)
{
    admission door({2, 100, {}});
    EXPECT_EQ(door.enter(at("192.0.2.1")), verdict::admitted);
    EXPECT_EQ(door.enter(at("192.0.2.2")), verdict::admitted);
    EXPECT_EQ(door.enter(at("192.0.2.3")), verdict::full);
    EXPECT_EQ(door.enter(at("192.0.2.3"), true), verdict::admitted) << "one is about to leave";
    EXPECT_EQ(door.enter(at("192.0.2.4")), verdict::full);
    door.leave(door.guest(at("192.0.2.1")));
    EXPECT_EQ(door.enter(at("192.0.2.4")), verdict::full) << "that was the one";
    door.leave(door.guest(at("192.0.2.2")));
    EXPECT_EQ(door.enter(at("192.0.2.4")), verdict::admitted);
}

TEST(Admission, CapsTheConnectionsOfAClient)
{
    admission door({100, 2, {}});
    for (const auto& [one, same, other] : {std::array{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
                                           std::array{"2001:db8:1:2::1", "2001:db8:1:2:ff::9", "2001:db8:1:3::1"}}) {
        EXPECT_EQ(door.enter(at(one)), verdict::admitted);
        EXPECT_EQ(door.enter(at(same)), verdict::admitted);
        EXPECT_EQ(door.enter(at(one)), verdict::client_full) << "an IPv6 client is its /64";
        EXPECT_EQ(door.enter(at(other)), verdict::admitted);
        door.leave(door.guest(at(one)));
        EXPECT_EQ(door.enter(at(same)), verdict::admitted);
    }
}

TEST(Admission, CountsARefusedConnectionNowhere)
{
    admission door({3, 1, {}});
    EXPECT_EQ(door.enter(at("192.0.2.1")), verdict::admitted);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(door.enter(at("192.0.2.1")), verdict::client_full);
    EXPECT_EQ(door.enter(at("192.0.2.2")), verdict::admitted);
    EXPECT_EQ(door.enter(at("192.0.2.3")), verdict::admitted);
}

TEST(Admission, TakesATrustedProxyForManyClients)
{
    admission door({3, 1, net::network_set::parse({"10.0.0.0/8"}).value()});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(door.enter(at("10.0.0.1")), verdict::admitted);
    EXPECT_EQ(door.enter(at("10.0.0.1")), verdict::full);
    door.leave(door.guest(at("10.0.0.1")));
    EXPECT_EQ(door.enter(at("10.0.0.1")), verdict::admitted);
}

}  // namespace
}  // namespace lintel::proxy
