#include "proxy/upstream/grpc_check.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

using namespace std::string_literals;

TEST(GrpcCheck, OnlyServingIsServing)
{
    EXPECT_TRUE(is_serving("\0\0\0\0\2\x08\1"s));
    for (const auto& other : {""s, "\0"s, "\0\0\0\0\0"s, "\0\0\0\0\2\x08\2"s, "\0\0\0\0\2\x08\0"s, "\1\0\0\0\2\x08\1"s,
                              "\0\0\0\0\3\x08\1\0"s, "\0\0\0\0\2\x10\1"s, "\0\0\0\0\1\x08"s, "HTTP/1.1 200 OK"s})
        EXPECT_FALSE(is_serving(other)) << other.size();
}

}  // namespace
}  // namespace lintel::proxy
