// A change of one router among 10,000: what control does to find it, and the edge from the frame's text to its ack.

#include "bench/micro/many_apps.hpp"
#include "model/json.hpp"
#include "proxy/edge.hpp"
#include "proxy/routing/table_builder.hpp"

#include <benchmark/benchmark.h>

namespace lintel::bench {
namespace {

constexpr std::size_t apps = 10'000;
constexpr std::size_t changed_app = 5'000;
constexpr std::size_t frame_limit = 1 << 20;

std::string rule_of_own_host(std::size_t app) { return "Host(`" + host_of(app) + "`)"; }

std::string rule_of_shared_host(std::size_t app)
{
    return "Host(`example.org`) && PathPrefix(`/app-" + std::to_string(app) + "/`)";
}

std::string rule_without_host(std::size_t app) { return "PathPrefix(`/app-" + std::to_string(app) + "/`)"; }

using rule_maker = std::string (*)(std::size_t app);

/// The frames of two changes that undo each other.
std::array<std::string, 2> router_changes(rule_maker rule_of)
{
    std::array<std::string, 2> texts;
    for (std::size_t i = 0; i < 2; ++i) {
        model::snapshot whole;
        add_app(whole, changed_app, rule_of(changed_app) + (i == 0 ? " && PathPrefix(`/v2`)" : ""));
        model::delta step;
        step.upsert.routers = whole.routers;
        texts[i] = model::encode(step, frame_limit).at(0);
    }
    return texts;
}

/// A whole app that comes and goes: a new container.
std::array<std::string, 2> app_changes(rule_maker rule_of)
{
    model::delta comes, goes;
    add_app(comes.upsert, apps, rule_of(apps));
    goes.remove = {{comes.upsert.routers.begin()->first},
                   {comes.upsert.services.begin()->first},
                   {comes.upsert.endpoints.begin()->first},
                   {}};
    return {model::encode(comes, frame_limit).at(0), model::encode(goes, frame_limit).at(0)};
}

model::delta decoded(const std::string& frame)
{
    model::delta step;
    if (!model::decode(frame, step)) std::abort();
    return step;
}

void find_delta(benchmark::State& state)
{
    auto before = many_apps(apps, rule_of_own_host).upsert, after = before;
    after.routers[router_id(changed_app)].priority = 7;
    for (auto _ : state) benchmark::DoNotOptimize(model::difference(before, after));
}

void read_delta(benchmark::State& state)
{
    auto frames = router_changes(rule_of_own_host);
    for (auto _ : state) benchmark::DoNotOptimize(decoded(frames[0]));
}

/// The table only, without publishing it.
void compile_delta(benchmark::State& state, rule_maker rule_of, std::array<std::string, 2> frames)
{
    proxy::table_builder builder({{"http", {}}}, 2);
    builder.apply(many_apps(apps, rule_of));
    std::array steps{decoded(frames[0]), decoded(frames[1])};
    std::size_t next = 0;
    for (auto _ : state) builder.apply(steps[next++ % 2]);
}

task<void> put_in_force(benchmark::State& state, net::worker& home, rule_maker rule_of,
                        std::array<std::string, 2> frames)
{
    proxy::settings settings;
    settings.entrypoints.emplace_back().name = "http";
    settings.workers = 2;
    proxy::edge edge(home, settings, {}, {}, [](const auto&) {});
    co_await edge.apply(many_apps(apps, rule_of));
    std::size_t next = 0;
    for (auto _ : state) co_await edge.apply(decoded(frames[next++ % 2]));
}

/// All of it, with two idle workers that must have passed the fence.
void apply_delta(benchmark::State& state, rule_maker rule_of, std::array<std::string, 2> frames)
{
    net::worker home;
    home.complete(put_in_force(state, home, rule_of, std::move(frames)));
}

BENCHMARK(find_delta)->Unit(benchmark::kMicrosecond);
BENCHMARK(read_delta);
BENCHMARK_CAPTURE(compile_delta, router, rule_of_own_host, router_changes(rule_of_own_host));
BENCHMARK_CAPTURE(compile_delta, app, rule_of_own_host, app_changes(rule_of_own_host));
BENCHMARK_CAPTURE(compile_delta, router_of_a_shared_host, rule_of_shared_host, router_changes(rule_of_shared_host));
BENCHMARK_CAPTURE(compile_delta, router_without_host, rule_without_host, router_changes(rule_without_host));
BENCHMARK_CAPTURE(apply_delta, router, rule_of_own_host, router_changes(rule_of_own_host))->UseRealTime();
BENCHMARK_CAPTURE(apply_delta, app, rule_of_own_host, app_changes(rule_of_own_host))->UseRealTime();
BENCHMARK_CAPTURE(apply_delta, router_of_a_shared_host, rule_of_shared_host, router_changes(rule_of_shared_host))
    ->UseRealTime();

}  // namespace
}  // namespace lintel::bench
