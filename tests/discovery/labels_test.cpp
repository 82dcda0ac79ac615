#include "discovery/labels.hpp"

#include "tests/support/labelled.hpp"

namespace lintel::discovery {
namespace {

using namespace test;

TEST(Labels, TheAppIsTheFirstThatIsNamed)
{
    label_map labels{{"com.docker.swarm.service.name", "svc"}};
    EXPECT_EQ(read(labels).app, "svc");
    labels["com.docker.stack.namespace"] = "stack";
    EXPECT_EQ(read(labels).app, "stack");
    labels["com.docker.compose.project"] = "project";
    EXPECT_EQ(read(labels).app, "project");
    labels["lintel.app"] = "own";
    EXPECT_EQ(read(labels).app, "own");
    labels["lintel.app"] = "own/name";
    EXPECT_EQ(read(labels).app, "project");
    EXPECT_TRUE(only_problem(read(labels), "lintel.app", "is not a name for an app"));
    EXPECT_EQ(read({}).app, "");
}

TEST(Labels, TheAddressIsTheNamedNetworksElseThePreferredElseTheFirstWithOne)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.networks = {{"a", "", "2001:db8::1"}, {"b", "10.0.0.1", ""}, {"c", "10.0.0.2", "2001:db8::2"}};
    auto host = [&](const engine_settings& settings = {}) {
        return read_labels(what, settings).endpoints.at(0).spec.host;
    };
    EXPECT_EQ(host(), "10.0.0.1");
    EXPECT_EQ(host({.network = "c"}), "10.0.0.2");
    EXPECT_EQ(host({.network = "elsewhere"}), "10.0.0.1");
    what.labels["traefik.docker.network"] = "a";
    EXPECT_EQ(host({.network = "c"}), "2001:db8::1");
    what.labels["lintel.network"] = "c";
    EXPECT_EQ(host(), "10.0.0.2");
    what.networks.resize(1);
    what.labels = {{"lintel.host", "a.example.com"}};
    EXPECT_EQ(host(), "2001:db8::1") << "IPv6 where there is no IPv4";
    what.network_mode = "host";
    EXPECT_EQ(host(), "127.0.0.1");
}

TEST(Labels, ANetworkThatTheContainerIsNotInIsReported)
{
    auto made = read({{"lintel.host", "a.example.com"}, {"lintel.network", "front"}});
    EXPECT_TRUE(only_problem(made, "lintel.network", "no address in network front; its networks are bridge"));
    EXPECT_EQ(made.endpoints.at(0).spec.host, "172.17.0.2");
}

TEST(Labels, AContainerWithoutAnAddressSaysWhy)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.networks.clear();
    EXPECT_TRUE(only_problem(read_labels(what, {}), "lintel.network", "no address in any network"));
    EXPECT_TRUE(read_labels(what, {}).endpoints.empty());
    what.unreachable = "it shares the network of container x, which is gone";
    EXPECT_TRUE(only_problem(read_labels(what, {}), "lintel.network", "which is gone"));
}

TEST(Labels, AStoppedContainerKeepsItsRouterAndItsEndpoint)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.networks.clear();
    what.state = container::status::stopped;
    auto made = read_labels(what, {});
    EXPECT_EQ(problems_of(made), "");
    EXPECT_EQ(made.routers.size(), 2U);
    EXPECT_EQ(made.endpoints.at(0).spec.ready, model::readiness::stopped);
}

TEST(Labels, DrainingIsToldOfEveryEndpoint)
{
    auto what = running({{"lintel.host", "a.example.com"}});
    what.draining = true;
    EXPECT_TRUE(read_labels(what, {}).endpoints.at(0).spec.draining);
}

TEST(Labels, OnlyTheRightLabelsConcernUs)
{
    EXPECT_TRUE(has_routing_labels({{"lintel.host", "x"}}));
    EXPECT_TRUE(has_routing_labels({{"Traefik.enable", "true"}}));
    EXPECT_FALSE(has_routing_labels({{"maintainer", "x"}, {"lintels.host", "x"}}));
    EXPECT_FALSE(has_routing_labels({}));
    EXPECT_FALSE(has_routing_labels({{"lintel.host", "x"}, {"com.docker.compose.oneoff", "True"}}));
    EXPECT_TRUE(has_routing_labels({{"lintel.host", "x"}, {"com.docker.compose.oneoff", "False"}}));
}

}  // namespace
}  // namespace lintel::discovery
