#include "model/unresolved.hpp"

#include <gtest/gtest.h>

namespace lintel::model {
namespace {

snapshot with(const std::string& options, const std::string& transport)
{
    snapshot whole;
    whole.services["s"].transport = transport;
    whole.routers["r"].tls_options = whole.tcp_routers["q"].tls_options = options;
    whole.routers["r"].service = whole.tcp_routers["q"].service = "s";
    return whole;
}

TEST(CloseUnresolved, LeavesAloneWhatNamesNothingOrWhatIsThere)
{
    for (const auto* options : {"", "default", "o"}) {
        for (const auto* transport : {"", "t"}) {
            auto whole = with(options, transport);
            whole.tls_option_sets["o"];
            whole.transports["t"];
            auto before = whole;
            close_unresolved(whole);
            EXPECT_EQ(whole, before) << options << ' ' << transport;
        }
    }
}

TEST(CloseUnresolved, ClosesWhatNamesTlsOptionsThatAreNotThere)
{
    auto whole = with("o", "");
    close_unresolved(whole);
    EXPECT_TRUE(whole.routers.at("r").refusal.contains("TLS options o are not there"));
    EXPECT_EQ(whole.routers.at("r").service, "");
    EXPECT_EQ(whole.routers.at("r").tls_options, "");
    EXPECT_EQ(whole.tcp_routers.at("q").refusal, whole.routers.at("r").refusal);
}

TEST(CloseUnresolved, ClosesWhatIsSentByATransportThatIsNotThere)
{
    auto whole = with("", "t");
    close_unresolved(whole);
    EXPECT_TRUE(whole.routers.at("r").refusal.contains("transport t of its service is not there"));
    EXPECT_EQ(whole.routers.at("r").service, "");
    EXPECT_EQ(whole.tcp_routers.at("q").refusal, whole.routers.at("r").refusal);
}

}  // namespace
}  // namespace lintel::model
