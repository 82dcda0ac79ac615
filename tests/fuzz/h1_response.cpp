// A response's head and framing. What was accepted is written anew as one response that means the same.

#include "http/framing.hpp"
#include "http/h1_parser.hpp"
#include "http/h1_writer.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    auto bytes = text_of(data, size);
    http::head_scanner scanner;
    http::response_head head, again;
    auto length = scanner.scan(bytes, {});
    if (!length || *length == 0) return 0;
    if (!http::parse_response_head(bytes.substr(0, *length), {}, head)) return 0;
    require(head.status >= 100 && head.status <= 999);
    auto how = http::framing_of(head, "GET");
    require(how.has_value() == http::framing_of(head, "HEAD").has_value());
    if (!how) return 0;

    std::string written;
    http::write_response_head(written, head, *how, "");
    if (!http::parse_response_head(written, {.head_bytes = 64 * 1024, .target_bytes = 64 * 1024, .fields = 200}, again))
        std::abort();
    auto second = http::framing_of(again, "GET");
    require(again.status == head.status && second.has_value() && *second == *how);
    return 0;
}
