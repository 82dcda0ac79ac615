#include "proxy/routing/tcp_table.hpp"

#include "proxy/routing/table_builder.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

using model::tcp_security;

tcp_route_ptr route_of(std::string id, std::vector<std::string> names, std::int64_t priority = 1,
                       tcp_security security = tcp_security::passed_on)
{
    auto made = std::make_shared<tcp_route>();
    made->id = std::move(id);
    made->names = std::move(names);
    made->priority = priority;
    made->security = security;
    made->entrypoints.set(1);
    return made;
}

std::string matched(const tcp_table& table, std::string_view name, const std::set<std::string>& http = {},
                    std::size_t entrypoint = 1)
{
    const auto* found = table.match(entrypoint, name, [&](auto asked) { return http.contains(std::string(asked)); });
    return found == nullptr ? "" : (*found)->id;
}

TEST(TcpTable, TakesTheMostSpecificName)
{
    tcp_table table({route_of("any", {"*"}), route_of("wild", {"*.x"}), route_of("exact", {"a.x", "b.y"})});
    EXPECT_EQ(matched(table, "a.x"), "exact");
    EXPECT_EQ(matched(table, "b.y"), "exact");
    EXPECT_EQ(matched(table, "c.x"), "wild");
    EXPECT_EQ(matched(table, "d.c.x"), "any") << "a wildcard is one label";
    EXPECT_EQ(matched(table, "x"), "any");
    EXPECT_EQ(matched(table, ""), "any") << "no name";
    EXPECT_EQ(matched(table, "a.x", {}, 0), "") << "another entrypoint";
}

TEST(TcpTable, LeavesToHttpWhatItNamesMoreSpecifically)
{
    tcp_table table({route_of("any", {"*"}), route_of("wild", {"*.x"}), route_of("exact", {"a.x"})});
    EXPECT_EQ(matched(table, "b.x", {"b.x"}), "");
    EXPECT_EQ(matched(table, "a.x", {"a.x"}), "exact") << "TCP comes first where both have the name";
    EXPECT_EQ(matched(table, "c.x", {"*.x"}), "wild") << "as well";
    EXPECT_EQ(matched(table, "c.y", {"*.y"}), "");
    EXPECT_EQ(matched(tcp_table({route_of("exact", {"a.x"})}), "z"), "");
}

TEST(TcpTable, AsksTheHighestPriorityFirst)
{
    tcp_table table({route_of("b", {"a.x"}, 5), route_of("a", {"a.x"}, 1), route_of("c", {"a.x"}, 5)});
    EXPECT_EQ(matched(table, "a.x"), "b") << "of two the first id";
}

TEST(TcpTable, KnowsWhereNothingHasToBeRead)
{
    tcp_table none, clear({route_of("c", {"*"}, 1, tcp_security::clear)}), named({route_of("n", {"a.x"})});
    EXPECT_FALSE(none.has_any(1));
    EXPECT_TRUE(clear.has_any(1));
    EXPECT_FALSE(clear.has_any(0));
    EXPECT_FALSE(clear.asks_for_name(1));
    EXPECT_EQ((*clear.clear(1))->id, "c");
    EXPECT_EQ(clear.clear(0), nullptr);
    EXPECT_EQ(matched(clear, "a.x"), "") << "TLS is not what it expects";
    EXPECT_TRUE(named.asks_for_name(1));
    EXPECT_EQ(named.clear(1), nullptr);
}

/// What the builder makes of a snapshot.
class TcpRouters : public testing::Test {
protected:
    TcpRouters()
    {
        state.endpoints["e"] = {.host = "127.0.0.1", .port = 1, .source = {}};
        state.services["s"].endpoints = {"e"};
        auto& router = state.tcp_routers["t"];
        router.names = {"a.x"};
        router.entrypoints = {"https"};
        router.security = tcp_security::passed_on;
        router.service = "s";
    }

    table_builder::change become(const model::snapshot& next)
    {
        auto step = difference(seen, next);
        seen = next;
        return builder.apply(step);
    }

    static const tcp_route& only(const table_builder::change& change) { return *change.table->tcp().routes().at(0); }

    model::snapshot state, seen;
    table_builder builder{{{"http", {}}, {"https", {}}}, 1};
};

TEST_F(TcpRouters, ComeAndGoWithTheTable)
{
    auto change = become(state);
    EXPECT_TRUE(change.rejected.empty());
    EXPECT_TRUE(change.table->tcp().has_any(1));
    EXPECT_FALSE(change.table->tcp().has_any(0));
    EXPECT_EQ(only(change).service->endpoints.size(), 1U);
    EXPECT_EQ(only(change).tls_options, "default");
    EXPECT_FALSE(become({}).table->tcp().has_any(1));
}

TEST_F(TcpRouters, FollowTheirService)
{
    auto before = become(state);
    state.services["s"].proxy_protocol = 2;
    auto after = become(state);
    EXPECT_FALSE(only(before).service->proxy_header);
    EXPECT_EQ(only(after).service->proxy_header, net::proxy_version::v2);
    state.services.erase("s");
    auto gone = become(state);
    EXPECT_TRUE(only(gone).refusal.contains("does not exist"));
    EXPECT_EQ(gone.rejected.at(0).kind, "tcp_router");
}

TEST_F(TcpRouters, AreLeftAloneByOtherChanges)
{
    auto before = become(state);
    state.endpoints["other"] = {.host = "127.0.0.1", .port = 2, .source = {}};
    EXPECT_EQ(&before.table->tcp(), &become(state).table->tcp());
}

TEST_F(TcpRouters, AreClosedWhereTheServiceSpeaksTls)
{
    state.services["s"].scheme = model::scheme::https;
    EXPECT_FALSE(only(become(state)).refusal.empty());
}

TEST_F(TcpRouters, AreClosedWhereTheServiceIs)
{
    state.services["s"].transport = "t";
    auto change = become(state);
    EXPECT_EQ(only(change).refusal, "the transport t does not exist");
    ASSERT_EQ(change.rejected.size(), 1U) << "said once, of the service";
    EXPECT_EQ(change.rejected[0].kind, "service");
}

TEST_F(TcpRouters, ShareNamesWithHttp)
{
    state.routers["r"].rule = "Host(`b.x`) || Host(`*.y`)";
    state.routers["r"].entrypoints = {"https"};
    state.routers["r"].service = "s";
    auto table = become(state).table;
    EXPECT_TRUE(table->speaks_for(1, "b.x"));
    EXPECT_TRUE(table->speaks_for(1, "*.y"));
    EXPECT_FALSE(table->speaks_for(1, "c.x"));
    EXPECT_FALSE(table->speaks_for(0, "b.x"));
}

}  // namespace
}  // namespace lintel::proxy
