// What a change and a match cost among 10,000 routers, counted instead of timed: the counts don't depend on the
// machine.

#include "proxy/routing/table_builder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {

struct allocated {
    std::size_t count = 0, bytes = 0;
};
thread_local allocated so_far;

}  // namespace

void* operator new(std::size_t bytes)
{
    ++so_far.count;
    so_far.bytes += bytes;
    if (auto* memory = std::malloc(bytes)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace lintel::proxy {
namespace {

constexpr std::size_t apps = 10'000;
constexpr std::size_t changed_app = 5'000;

using rule_maker = std::string (*)(std::size_t app);

std::string host_of(std::size_t app) { return "app-" + std::to_string(app) + ".example.org"; }
std::string own_host(std::size_t app) { return "Host(`" + host_of(app) + "`)"; }
std::string shared_host(std::size_t app)
{
    return "Host(`example.org`) && PathPrefix(`/" + std::to_string(app) + "/`)";
}

model::router router_of(std::string rule)
{
    model::router router;
    router.rule = std::move(rule);
    router.entrypoints = {"http"};
    router.redirect_to_https = true;
    return router;
}

/// A builder that has `apps` routers; the delta that changes one of them is applied to it under count.
struct one_change {
    explicit one_change(rule_maker rule_of)
    {
        model::delta all, step;
        all.reset = true;
        for (std::size_t app = 0; app < apps; ++app) all.upsert.routers[std::to_string(app)] = router_of(rule_of(app));
        before = builder.apply(all).table;
        step.upsert.routers[std::to_string(changed_app)] = router_of(rule_of(changed_app) + " && PathPrefix(`/v2`)");
        auto start = so_far;
        after = builder.apply(step).table;
        cost = {so_far.count - start.count, so_far.bytes - start.bytes};
    }

    table_builder builder{{{"http", {}}}, 2};
    std::shared_ptr<const route_table> before, after;
    allocated cost;
};

http::request_head request(std::string host)
{
    http::request_head head;
    head.host = std::move(host);
    head.path = "/v2";
    return head;
}

TEST(ChangeCost, OfOneRouterIsOneRouteAndOneShard)
{
    one_change made(own_host);
    EXPECT_LT(made.cost.count, 150U);
    EXPECT_LT(made.cost.bytes, 16U * 1024) << "the table's 256 pointers and one of its shards";
    std::size_t copied = 0;
    for (std::size_t app = 0; app < apps; ++app) {
        auto head = request(host_of(app));
        const auto *before = made.before->match(0, head), *after = made.after->match(0, head);
        ASSERT_EQ(*before == *after, app != changed_app) << "the route of " << head.host;
        copied += before != after ? 1 : 0;
    }
    EXPECT_LT(copied, 100U) << "one shard has 39 hosts in the mean";
}

TEST(ChangeCost, OnASharedHostIsACopyOfItsList)
{
    one_change made(shared_host);
    EXPECT_LT(made.cost.count, 150U) << "nothing is made for each of the other routes";
    EXPECT_LT(made.cost.bytes, 512U * 1024);
}

TEST(ChangeCost, OfAMatchIsNoAllocation)
{
    one_change made(own_host);
    for (const char* host : {"app-42.example.org", "no-such-app.a-department.example.org", "localhost", ""}) {
        auto head = request(host);
        auto start = so_far.count;
        (void)made.after->match(0, head);
        EXPECT_EQ(so_far.count, start) << host;
    }
}

}  // namespace
}  // namespace lintel::proxy
