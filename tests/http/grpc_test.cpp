#include "http/grpc.hpp"

#include <gtest/gtest.h>

namespace lintel::http {
namespace {

using namespace std::chrono_literals;

TEST(Grpc, IsKnownByItsMediaType)
{
    for (const auto* type : {"application/grpc", "application/grpc+proto", "Application/GRPC+json; x=y",
                             "application/grpc ; charset=utf-8"})
        EXPECT_TRUE(is_grpc(type)) << type;
    for (const auto* type : {"", "application/grpc-web", "application/grpcx", "application/json", "grpc"})
        EXPECT_FALSE(is_grpc(type)) << type;
}

TEST(Grpc, TimeoutsAreEightDigitsAndAUnit)
{
    struct row {
        const char* text;
        std::optional<duration> meant;
    };
    for (auto [text, meant] : {
             row{"1H", 1h},
             row{"2M", 2min},
             row{"3S", 3s},
             row{"100m", 100ms},
             row{"5u", 5us},
             row{"00000007n", 7ns},
             row{"99999999H", duration(std::chrono::hours(24 * 365))},
             row{"", {}},
             row{"1", {}},
             row{"S", {}},
             row{"-1S", {}},
             row{"1s", {}},
             row{"1 S", {}},
             row{"1.5S", {}},
             row{"123456789n", {}},
         })
        EXPECT_EQ(parse_grpc_timeout(text), meant) << text;
}

TEST(Grpc, MessagesArePercentEncoded)
{
    EXPECT_EQ(grpc_message("The app's answer: 100% \n\xc3\xbc"), "The app's answer: 100%25 %0A%C3%BC");
}

}  // namespace
}  // namespace lintel::http
