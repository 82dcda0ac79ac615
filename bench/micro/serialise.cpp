// Writing a head anew from its parsed form.

#include "bench/micro/heads.hpp"

#include "http/h1_parser.hpp"
#include "http/h1_writer.hpp"
#include "http/target.hpp"

#include <benchmark/benchmark.h>

namespace lintel::bench {
namespace {

using kind = http::framing::kind;
const http::head_limits limits;

void write_request_head(benchmark::State& state, std::string_view text)
{
    http::request_head head;
    if (!http::parse_request_head(text, limits, head) || !http::read_target(head))
        return state.SkipWithError("the head is refused");
    std::string out;
    for (auto _ : state) {
        out.clear();
        http::write_request_head(out, head, {kind::length, 348}, "");
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(state.iterations() * std::ssize(out));
}

void write_response_head(benchmark::State& state, std::string_view text)
{
    http::response_head head;
    if (!http::parse_response_head(text, limits, head)) return state.SkipWithError("the head is refused");
    std::string out;
    for (auto _ : state) {
        out.clear();
        http::write_response_head(out, head, {kind::length, 18234}, "");
        benchmark::DoNotOptimize(out.data());
    }
    state.SetBytesProcessed(state.iterations() * std::ssize(out));
}

BENCHMARK_CAPTURE(write_request_head, 10_fields, request_of_10_fields);
BENCHMARK_CAPTURE(write_request_head, 20_fields, request_of_20_fields);
BENCHMARK_CAPTURE(write_response_head, 10_fields, response_of_10_fields);

}  // namespace
}  // namespace lintel::bench
