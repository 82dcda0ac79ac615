#include "discovery/container.hpp"

#include <gtest/gtest.h>

namespace lintel::discovery {
namespace {

/// As Docker 20.10 says it, cut to what matters.
constexpr std::string_view docker_says = R"({
  "Id": "3f2a9c81d0e4aaaabbbbccccddddeeeeffff0000111122223333444455556666",
  "Created": "2024-02-29T12:00:01.5Z",
  "Name": "/web",
  "State": {"Status": "running", "Running": true, "Health": {"Status": "starting", "FailingStreak": 0, "Log": []}},
  "HostConfig": {"NetworkMode": "blog_default"},
  "Config": {
    "ExposedPorts": {"8443/tcp": {}, "53/udp": {}, "80/tcp": {}},
    "Labels": {"lintel.host": "a.example.com"},
    "Healthcheck": {"Test": ["CMD", "true"]},
    "StopSignal": "SIGUSR1",
    "StopTimeout": 3
  },
  "NetworkSettings": {
    "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "9000/tcp": null},
    "Networks": {
      "zeta": {"IPAddress": "172.20.0.2", "GlobalIPv6Address": ""},
      "alpha": {"IPAddress": "", "GlobalIPv6Address": "2001:db8::2"}
    }
  }
})";

TEST(Container, IsReadFromDockersInspect)
{
    auto what = read_container(docker_says);
    ASSERT_TRUE(what);
    EXPECT_EQ(what->id.size(), 64U);
    EXPECT_EQ(what->short_id(), "3f2a9c81d0e4");
    EXPECT_EQ(what->name, "web");
    EXPECT_EQ(what->created, 1'709'208'001'500'000'000);
    EXPECT_EQ(what->labels.at("lintel.host"), "a.example.com");
    EXPECT_EQ(what->tcp_ports, (std::vector<std::uint16_t>{80, 8443, 9000}));
    EXPECT_EQ(what->network_mode, "blog_default");
    std::vector<container::network> networks{{"alpha", "", "2001:db8::2"}, {"zeta", "172.20.0.2", ""}};
    EXPECT_EQ(what->networks, networks);
    EXPECT_EQ(what->state, container::status::running);
    EXPECT_EQ(what->checked, container::health::starting);
    EXPECT_EQ(what->stop_signal, "SIGUSR1");
    EXPECT_EQ(what->stop_timeout, std::chrono::seconds(3));
}

TEST(Container, IsReadWhereTheEngineLeavesOutOrNullsWhatIsEmpty)
{
    auto what = read_container(R"({"Id": "ab", "Name": "db", "Created": "2024-03-01T01:00:00+02:00",
        "State": {"Status": "exited", "Health": null},
        "Config": {"Labels": null, "ExposedPorts": null, "StopTimeout": null},
        "NetworkSettings": {"Networks": null, "Ports": {}}, "HostConfig": {}})");
    ASSERT_TRUE(what);
    EXPECT_EQ(what->created, 1'709'247'600'000'000'000);
    EXPECT_TRUE(what->labels.empty());
    EXPECT_TRUE(what->tcp_ports.empty());
    EXPECT_EQ(what->stop_timeout, std::chrono::seconds(10));
    EXPECT_EQ(readiness_of(*what), model::readiness::stopped);
}

TEST(Container, IsNoneWhenTheAnswerIsNotAContainer)
{
    for (auto text : {"", "{}", "[]", "null", R"({"message":"No such container"})", R"({"Id":7})", "{\"Id\": \"a"}) {
        EXPECT_FALSE(read_container(text)) << text;
    }
}

TEST(Container, HasTheReadinessOfItsStateAndHealthcheck)
{
    struct row {
        const char* status;
        const char* test;
        const char* verdict;
        model::readiness expected;
    };
    for (auto [status, test, verdict, expected] : {
             row{"running", "", "", model::readiness::probe},
             row{"running", "\"CMD\",\"x\"", "starting", model::readiness::starting},
             row{"running", "\"CMD\",\"x\"", "healthy", model::readiness::ready},
             row{"running", "\"CMD\",\"x\"", "unhealthy", model::readiness::unhealthy},
             row{"running", "\"CMD\",\"x\"", "", model::readiness::starting},
             row{"running", "\"NONE\"", "", model::readiness::probe},
             row{"running", "", "none", model::readiness::probe},
             row{"paused", "\"CMD\",\"x\"", "healthy", model::readiness::paused},
             row{"restarting", "", "", model::readiness::stopped},
             row{"created", "", "", model::readiness::starting},
             row{"dead", "", "", model::readiness::stopped},
         }) {
        auto text = std::string(R"({"Id":"ab","State":{"Status":")") + status + R"(","Health":{"Status":")" + verdict +
                    R"("}},"Config":{"Healthcheck":{"Test":[)" + test + "]}}}";
        auto what = read_container(text);
        ASSERT_TRUE(what) << text;
        EXPECT_EQ(readiness_of(*what), expected) << text;
    }
}

TEST(Container, TellsSignalsThatStopItFromThoseThatDoNot)
{
    container what;
    what.stop_signal = "SIGUSR1";
    for (auto signal : {"15", "9", "2", "3", "TERM", "SIGTERM", "sigkill", "INT", "QUIT", "10", "USR1", "SIGUSR1"}) {
        EXPECT_TRUE(is_stopping_signal(what, signal)) << signal;
    }
    for (auto signal : {"1", "HUP", "SIGHUP", "12", "USR2", "", "0", "bogus", "99999"}) {
        EXPECT_FALSE(is_stopping_signal(what, signal)) << signal;
    }
    what.stop_signal = "SIGRTMIN+3";
    EXPECT_TRUE(is_stopping_signal(what, "37"));
    what.stop_signal = "28";
    EXPECT_TRUE(is_stopping_signal(what, "WINCH"));
}

TEST(Container, KnowsWhoseNetworkItShares)
{
    container what;
    EXPECT_EQ(network_owner(what), "");
    what.network_mode = "container:abc";
    EXPECT_EQ(network_owner(what), "abc");
}

}  // namespace
}  // namespace lintel::discovery
