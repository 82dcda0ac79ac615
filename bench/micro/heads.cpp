// Reading a head: from its bytes to what is matched and how its body is framed.

#include "bench/micro/heads.hpp"

#include "http/framing.hpp"
#include "http/h1_parser.hpp"
#include "http/target.hpp"

#include <benchmark/benchmark.h>

namespace lintel::bench {
namespace {

const http::head_limits limits;

void read_request_head(benchmark::State& state, std::string_view text)
{
    http::request_head head;
    for (auto _ : state) {
        auto length = http::head_scanner().scan(text, limits);
        auto parsed = http::parse_request_head(text.substr(0, length.value()), limits, head);
        auto target = http::read_target(head);
        auto body = http::framing_of(head);
        if (!parsed || !target || !body) state.SkipWithError("the head is refused");
        benchmark::DoNotOptimize(head);
    }
    state.SetBytesProcessed(state.iterations() * std::ssize(text));
}

void read_response_head(benchmark::State& state, std::string_view text)
{
    http::response_head head;
    for (auto _ : state) {
        auto length = http::head_scanner().scan(text, limits);
        auto parsed = http::parse_response_head(text.substr(0, length.value()), limits, head);
        auto body = http::framing_of(head, "GET");
        if (!parsed || !body) state.SkipWithError("the head is refused");
        benchmark::DoNotOptimize(head);
    }
    state.SetBytesProcessed(state.iterations() * std::ssize(text));
}

BENCHMARK_CAPTURE(read_request_head, 10_fields, request_of_10_fields);
BENCHMARK_CAPTURE(read_request_head, 20_fields, request_of_20_fields);
BENCHMARK_CAPTURE(read_response_head, 10_fields, response_of_10_fields);

}  // namespace
}  // namespace lintel::bench
