#include "proxy/routing/table_builder.hpp"

#include "tests/support/random_model.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

const std::vector<std::string> entrypoints{"http", "https"};
const std::vector<named_entrypoint> named{{"http", {}}, {"https", {}}};

http::request_head request(std::string host, std::string_view path = "/")
{
    http::request_head head;
    head.host = std::move(host);
    head.path = path;
    return head;
}

std::string matched(const route_table& table, std::size_t entrypoint, const http::request_head& head)
{
    const auto* found = table.match(entrypoint, head);
    return found == nullptr ? "" : (*found)->id;
}

/// Asks every router, without any index.
class naive_table {
public:
    explicit naive_table(const model::snapshot& state)
    {
        for (const auto& [id, spec] : state.routers) {
            auto rule = model::parse_rule(spec.rule);
            if (rule) all_.push_back({id, &spec, std::move(*rule)});
        }
    }

    std::string match(std::size_t entrypoint, const http::request_head& head) const
    {
        const entry* best = nullptr;
        for (const auto& each : all_) {
            bool listens =
                std::ranges::find(each.spec->entrypoints, entrypoints[entrypoint]) != each.spec->entrypoints.end();
            if (!listens || !matches(each.rule, head.host, head.path)) continue;
            if (best == nullptr || each.priority() > best->priority()) best = &each;  // ids come in order
        }
        return best == nullptr ? "" : best->id;
    }

private:
    struct entry {
        std::string id;
        const model::router* spec;
        model::rule rule;
        std::int64_t priority() const { return spec->priority != 0 ? spec->priority : std::ssize(spec->rule); }
    };
    std::vector<entry> all_;
};

void expect_same_matches(const route_table& table, const model::snapshot& state, test::random_model& made_up,
                         int requests)
{
    naive_table naive(state);
    for (int i = 0; i < requests; ++i) {
        auto path = made_up.path();
        auto head = request(made_up.one_in(10) ? "" : made_up.host(), path);
        auto entrypoint = made_up.below(entrypoints.size());
        ASSERT_EQ(matched(table, entrypoint, head), naive.match(entrypoint, head)) << head.host << path;
    }
}

model::delta reset_to(const model::snapshot& state)
{
    model::delta step;
    step.reset = true;
    step.upsert = state;
    return step;
}

/// Each transport is a TLS context, which takes a millisecond and has no part in matching.
model::snapshot without_transports(model::snapshot state)
{
    state.transports.clear();
    return state;
}

TEST(RouteTable, MatchesAsIfItAskedEveryRouter)
{
    test::random_model made_up(11);
    for (std::size_t size : {1U, 10U, 100U, 1000U, 10'000U}) {
        auto state = without_transports(made_up.snapshot(size));
        table_builder builder(named, 1);
        auto change = builder.apply(reset_to(state));
        expect_same_matches(*change.table, state, made_up, size > 1000 ? 100 : 500);
    }
}

TEST(RouteTable, MatchesAlikeHoweverItCameAbout)
{
    test::random_model made_up(12);
    table_builder builder(named, 1);
    model::snapshot state;
    for (int round = 0; round < 60; ++round) {
        auto next = without_transports(made_up.snapshot(made_up.below(60)));
        auto change = builder.apply(made_up.one_in(3) ? reset_to(next) : difference(state, next));
        state = next;
        ASSERT_EQ(builder.state(), state);
        expect_same_matches(*change.table, state, made_up, 200);
        naive_table naive(state);
        for (const auto& [id, spec] : state.routers) {
            for (const auto& host : hosts_of(model::parse_rule(spec.rule).value())) {
                auto path = made_up.path();
                auto head = request(host.starts_with("*") ? "w" + host.substr(1) : host, path);
                ASSERT_EQ(matched(*change.table, 1, head), naive.match(1, head)) << head.host << path;
            }
        }
    }
}

TEST(RouteTable, TellsWhenAHostMayHaveOtherTlsOptions)
{
    table_builder builder(named, 1);
    auto put = [&](const std::string& id, const std::string& rule, const std::string& options = "") {
        model::delta step;
        auto& spec = step.upsert.routers[id];
        spec.rule = rule;
        spec.entrypoints = {"https"};
        spec.tls_options = options;
        return builder.apply(step).tls_options;
    };
    auto remove = [&](const std::string& id) {
        model::delta step;
        step.remove.routers = {id};
        return builder.apply(step).tls_options;
    };
    EXPECT_FALSE(put("a", "Host(`a.x`)"));
    EXPECT_TRUE(put("w", "Host(`*.x`)", "mtls"));
    EXPECT_TRUE(put("b", "Host(`b.x`)")) << "it would fall to the wildcard";
    EXPECT_FALSE(put("c", "Host(`c.b.x`) || Host(`*.y`)"));
    EXPECT_TRUE(remove("a"));
    EXPECT_TRUE(put("b", "Host(`b.y`)")) << "b.x is free";
    EXPECT_TRUE(remove("w"));
    EXPECT_FALSE(put("b", "Host(`b.x`)"));

    model::delta step;
    step.upsert.tcp_routers["q"].names = {"*.x"};
    step.upsert.tcp_routers["q"].tls_options = "mtls";
    EXPECT_TRUE(builder.apply(step).tls_options);
    EXPECT_TRUE(remove("b"));
}

TEST(RouteTable, IsNotLoadedBeforeTheFirstSnapshot)
{
    EXPECT_FALSE(route_table().loaded());
    EXPECT_EQ(route_table().match(0, request("a")), nullptr);
    table_builder builder(named, 1);
    EXPECT_TRUE(builder.apply(reset_to({})).table->loaded()) << "an empty snapshot is one too";
}

TEST(RouteTable, AsksTheHigherPriorityFirstThenTheSmallerId)
{
    model::snapshot state;
    auto add = [&](const char* id, const char* rule, std::int64_t priority) {
        auto& router = state.routers[id];
        router.rule = rule;
        router.priority = priority;
        router.entrypoints = {"http"};
        router.redirect_to_https = true;
    };
    add("wide", "PathPrefix(`/`)", 1000);
    add("b", "Host(`a.x`)", 7);
    add("a", "Host(`a.x`)", 7);
    add("wild", "Host(`*.x`)", 8);
    add("long", "Host(`b.x`) && PathPrefix(`/longer`)", 0);
    add("short", "Host(`b.x`)", 0);
    add("negative", "Host(`c`)", -5);
    table_builder builder(named, 1);
    auto table = builder.apply(reset_to(state)).table;
    EXPECT_EQ(matched(*table, 0, request("a.x")), "wide");
    state.routers.erase("wide");
    table = builder.apply(reset_to(state)).table;
    EXPECT_EQ(matched(*table, 0, request("a.x")), "wild");
    state.routers.erase("wild");
    table = builder.apply(reset_to(state)).table;
    EXPECT_EQ(matched(*table, 0, request("a.x")), "a");
    EXPECT_EQ(matched(*table, 1, request("a.x")), "") << "another entrypoint";
    EXPECT_EQ(matched(*table, 0, request("b.x", "/longer")), "long");
    EXPECT_EQ(matched(*table, 0, request("b.x")), "short");
    EXPECT_EQ(matched(*table, 0, request("c")), "negative");
}

TEST(RouteTable, TellsHostsApartThatShareAList)
{
    model::snapshot state;
    auto& router = state.routers["wild"];
    router.rule = "Host(`*.x`)";
    router.entrypoints = {"http"};
    router.redirect_to_https = true;
    table_builder builder(named, 1);
    auto table = builder.apply(reset_to(state)).table;
    ASSERT_EQ(key_of(".x"), key_of("*.x"));
    EXPECT_EQ(matched(*table, 0, request(".x")), "");
    EXPECT_EQ(matched(*table, 0, request("a.x")), "wild");
    EXPECT_EQ(matched(*table, 0, request("b.a.x")), "");
}

/// Two apps with an endpoint each.
model::snapshot two_apps()
{
    model::snapshot state;
    for (std::string app : {"one", "two"}) {
        auto& router = state.routers["r-" + app];
        router.rule = "Host(`" + app + "`)";
        router.entrypoints = {"http"};
        router.service = "s-" + app;
        state.services["s-" + app].endpoints = {"e-" + app};
        state.endpoints["e-" + app] = {.host = "10.0.0.1", .port = 80, .ready = model::readiness::ready, .source = ""};
    }
    return state;
}

const route& route_of(const route_table& table, std::string host)
{
    const auto* found = table.match(0, request(std::move(host)));
    if (found == nullptr) throw std::runtime_error("no route");
    return **found;
}

TEST(TableBuilder, LeavesAloneWhatAChangeDoesNotTouch)
{
    auto state = two_apps();
    table_builder builder(named, 2);
    auto before = builder.apply(reset_to(state));
    auto two = builder.endpoints().at("e-two");
    ASSERT_EQ(before.touched.size(), 2U);
    EXPECT_TRUE(before.retired.empty());

    auto changed = state;
    changed.routers["r-one"].priority = 5;
    changed.services["s-one"].pass_host = false;
    changed.endpoints["e-one"].draining = true;
    auto after = builder.apply(difference(state, changed));
    EXPECT_NE(after.table, before.table);
    EXPECT_EQ(*after.table->match(0, request("two")), *before.table->match(0, request("two")))
        << "the same route object";
    EXPECT_EQ(route_of(*after.table, "two").service, route_of(*before.table, "two").service);
    EXPECT_EQ(builder.endpoints().at("e-two"), two);
    EXPECT_EQ(route_of(*after.table, "one").service->turns, route_of(*before.table, "one").service->turns)
        << "whose turn it is";
    ASSERT_EQ(after.touched.size(), 1U);
    EXPECT_EQ(after.touched[0]->id(), "e-one");
    EXPECT_TRUE(after.touched[0]->draining());
    EXPECT_TRUE(after.retired.empty());
    EXPECT_EQ(route_of(*before.table, "one").service->endpoints[0], after.touched[0])
        << "an old table sees it drain too";
}

TEST(TableBuilder, TakesAResetToTheSameStateAsNoChange)
{
    auto state = two_apps();
    table_builder builder(named, 2);
    auto before = builder.apply(reset_to(state));
    auto after = builder.apply(reset_to(state));
    EXPECT_EQ(after.table, before.table);
    EXPECT_TRUE(after.touched.empty());
    EXPECT_TRUE(after.retired.empty());
    EXPECT_FALSE(after.certificates);
}

TEST(TableBuilder, RetiresAnEndpointThatMovesAndMakesANewOne)
{
    auto state = two_apps();
    table_builder builder(named, 1);
    auto before = builder.apply(reset_to(state));
    auto old = builder.endpoints().at("e-one");
    auto moved = state;
    moved.endpoints["e-one"].port = 81;
    auto after = builder.apply(difference(state, moved));
    EXPECT_EQ(after.retired, std::vector{old});
    EXPECT_TRUE(old->draining());
    ASSERT_EQ(after.touched.size(), 1U);
    EXPECT_EQ(after.touched[0]->port(), 81);
    EXPECT_EQ(route_of(*after.table, "one").service->endpoints, after.touched);
}

TEST(TableBuilder, RetiresAnEndpointThatIsRemoved)
{
    auto state = two_apps();
    table_builder builder(named, 1);
    builder.apply(reset_to(state));
    auto old = builder.endpoints().at("e-one");
    auto without = state;
    without.endpoints.erase("e-one");
    auto after = builder.apply(difference(state, without));
    EXPECT_EQ(after.retired, std::vector{old});
    EXPECT_TRUE(old->draining());
    EXPECT_TRUE(route_of(*after.table, "one").service->endpoints.empty()) << "the router stays: it answers 503";
    // It comes back: a new object, used again.
    auto back = builder.apply(difference(without, state));
    EXPECT_NE(builder.endpoints().at("e-one"), old);
    EXPECT_EQ(route_of(*back.table, "one").service->endpoints.size(), 1U);
}

TEST(TableBuilder, ClosesARouterWhoseServiceIsMissingUntilItComes)
{
    auto state = two_apps();
    auto without = state;
    without.services.erase("s-one");
    table_builder builder(named, 1);
    auto first = builder.apply(reset_to(without));
    EXPECT_FALSE(route_of(*first.table, "one").refusal.empty());
    ASSERT_EQ(first.rejected.size(), 1U);
    EXPECT_EQ(first.rejected[0].id, "r-one");
    auto second = builder.apply(difference(without, state));
    EXPECT_TRUE(route_of(*second.table, "one").refusal.empty());
    EXPECT_NE(route_of(*second.table, "one").service, nullptr);
    EXPECT_TRUE(second.rejected.empty());
    auto third = builder.apply(difference(state, without));
    EXPECT_FALSE(route_of(*third.table, "one").refusal.empty());
}

TEST(TableBuilder, RejectsARuleThatItCantReadAndAppliesTheRest)
{
    auto state = two_apps();
    state.routers["bad"].rule = "Host(`three`) &&";
    table_builder builder(named, 1);
    auto change = builder.apply(reset_to(state));
    ASSERT_EQ(change.rejected.size(), 1U);
    EXPECT_EQ(change.rejected[0].kind, "router");
    EXPECT_EQ(change.rejected[0].id, "bad");
    EXPECT_EQ(matched(*change.table, 0, request("two")), "r-two");
    EXPECT_EQ(matched(*change.table, 0, request("three")), "") << "never its readable part";
}

TEST(TableBuilder, TakesARouterOutWhoseRuleBreaks)
{
    auto state = two_apps(), broken = state;
    broken.routers["r-one"].rule = "Host(`one`";
    table_builder builder(named, 1);
    builder.apply(reset_to(state));
    auto after = builder.apply(difference(state, broken));
    EXPECT_EQ(matched(*after.table, 0, request("one")), "");
    auto mended = builder.apply(difference(broken, state));
    EXPECT_EQ(matched(*mended.table, 0, request("one")), "r-one");
}

TEST(TableBuilder, SaysWhenCertificatesChange)
{
    auto state = two_apps(), with = state;
    with.certificates["c"].names = {"one"};
    table_builder builder(named, 1);
    EXPECT_FALSE(builder.apply(reset_to(state)).certificates);
    EXPECT_TRUE(builder.apply(difference(state, with)).certificates);
    EXPECT_TRUE(builder.apply(difference(with, state)).certificates);
}

/// two_apps() whose first is spoken to over TLS as the transport "t" says.
model::snapshot secured_apps()
{
    auto state = two_apps();
    state.services["s-one"].scheme = model::scheme::https;
    state.services["s-one"].transport = "t";
    state.transports["t"].server_name = "app.internal";
    return state;
}

TEST(TableBuilder, KeepsATransportAsLongAsItIsUnchanged)
{
    auto state = secured_apps();
    table_builder builder(named, 2);
    auto before = builder.apply(reset_to(state));
    auto first = route_of(*before.table, "one").service->security;
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(route_of(*before.table, "two").service->security, nullptr) << "clear text";
    auto other_way = state;
    other_way.services["s-one"].pass_host = false;
    auto after = builder.apply(difference(state, other_way));
    EXPECT_EQ(route_of(*after.table, "one").service->security, first);
    auto changed = other_way;
    changed.transports["t"].server_name = "other.internal";
    auto last = builder.apply(difference(other_way, changed));
    EXPECT_NE(route_of(*last.table, "one").service->security, first) << "another one";
    EXPECT_EQ(route_of(*before.table, "one").service->security, first) << "an old table keeps its own";
}

TEST(TableBuilder, GivesServicesWithoutATransportOfTheirOwnOneInCommon)
{
    auto state = two_apps();
    for (auto& [id, spec] : state.services) spec.scheme = model::scheme::https;
    table_builder builder(named, 1);
    auto change = builder.apply(reset_to(state));
    EXPECT_NE(route_of(*change.table, "one").service->security, nullptr);
    EXPECT_EQ(route_of(*change.table, "one").service->security, route_of(*change.table, "two").service->security);
    EXPECT_TRUE(change.rejected.empty());
}

TEST(TableBuilder, ClosesTheRoutesOfAServiceWhoseTransportIsMissingUntilItComes)
{
    auto state = secured_apps(), without = state;
    without.transports.clear();
    table_builder builder(named, 1);
    auto first = builder.apply(reset_to(without));
    EXPECT_EQ(route_of(*first.table, "one").refusal, "the transport t does not exist");
    EXPECT_TRUE(route_of(*first.table, "two").refusal.empty());
    ASSERT_EQ(first.rejected.size(), 1U);
    EXPECT_EQ(first.rejected[0].kind, "service");
    auto second = builder.apply(difference(without, state));
    EXPECT_EQ(route_of(*second.table, "one").refusal, "");
    EXPECT_NE(route_of(*second.table, "one").service->security, nullptr);
    auto third = builder.apply(difference(state, without));
    EXPECT_FALSE(route_of(*third.table, "one").refusal.empty());
}

TEST(TableBuilder, ClosesTheRoutesOfAServiceWhoseTransportIsBroken)
{
    auto state = secured_apps(), broken = state;
    broken.transports["t"].ca_pem = "no certificate";
    table_builder builder(named, 1);
    builder.apply(reset_to(state));
    auto change = builder.apply(difference(state, broken));
    EXPECT_TRUE(route_of(*change.table, "one").refusal.starts_with("the transport t can't be used: "));
    ASSERT_EQ(change.rejected.size(), 2U) << "it and the service";
    EXPECT_EQ(change.rejected[0].kind, "transport");
    EXPECT_EQ(change.rejected[0].id, "t");
    auto mended = builder.apply(difference(broken, state));
    EXPECT_TRUE(route_of(*mended.table, "one").refusal.empty());
}

TEST(TableBuilder, WantsATransportThatIsNamedEvenForClearText)
{
    auto state = secured_apps();
    state.services["s-one"].scheme = model::scheme::http;
    table_builder builder(named, 1);
    auto change = builder.apply(reset_to(state));
    EXPECT_EQ(route_of(*change.table, "one").service->security, nullptr);
    EXPECT_TRUE(route_of(*change.table, "one").refusal.empty());
    auto without = state;
    without.transports.clear();
    EXPECT_FALSE(route_of(*builder.apply(difference(state, without)).table, "one").refusal.empty());
}

}  // namespace
}  // namespace lintel::proxy
