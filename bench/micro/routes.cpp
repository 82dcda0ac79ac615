// Finding the route of a request among few and many hosts. Requests ask for the hosts in random order, so that the
// processor's caches help as little as they do in front of many busy apps.

#include "bench/micro/many_apps.hpp"
#include "proxy/routing/table_builder.hpp"

#include <benchmark/benchmark.h>

#include <random>

namespace lintel::bench {
namespace {

std::vector<http::request_head> requests_for(std::size_t hosts, std::string_view before)
{
    constexpr std::size_t enough = 8192;
    std::mt19937 random(1);
    std::vector<http::request_head> all(enough);
    for (auto& each : all) {
        each.host = host_of(random() % hosts, before);
        each.path = each.raw_path = "/account/orders";
    }
    return all;
}

void ask(benchmark::State& state, std::string_view before_routers, std::string_view before_requests)
{
    auto hosts = static_cast<std::size_t>(state.range(0));
    proxy::table_builder builder({{"http", {}}}, 1);
    auto table =
        builder.apply(many_apps(hosts, [&](std::size_t app) { return "Host(`" + host_of(app, before_routers) + "`)"; }))
            .table;
    auto requests = requests_for(hosts, before_requests);
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(table->match(0, requests[next]));
        next = (next + 1) % requests.size();
    }
}

void match_host(benchmark::State& state) { ask(state, "", ""); }
void match_wildcard(benchmark::State& state) { ask(state, "*.", "www."); }
void match_nothing(benchmark::State& state) { ask(state, "", "no-"); }

BENCHMARK(match_host)->Arg(1)->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK(match_wildcard)->Arg(1)->Arg(1'000)->Arg(10'000)->Arg(100'000);
BENCHMARK(match_nothing)->Arg(1)->Arg(1'000)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace lintel::bench
