// A request's head, its target and its framing. What was accepted is written anew as one request that means the same.

#include "http/error.hpp"
#include "http/framing.hpp"
#include "http/h1_parser.hpp"
#include "http/h1_writer.hpp"
#include "http/target.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

namespace {

result<std::size_t> scan_byte_by_byte(std::string_view bytes)
{
    http::head_scanner scanner;
    for (std::size_t count = 1; count < bytes.size(); ++count) {
        auto found = scanner.scan(bytes.substr(0, count), {});
        if (!found || *found > 0) return found;
    }
    return scanner.scan(bytes, {});
}

/// Null where the head is refused.
result<http::framing> read(std::string_view bytes, http::request_head& head)
{
    http::head_scanner scanner;
    auto length = scanner.scan(bytes, {});
    auto slowly = scan_byte_by_byte(bytes);
    require(length.has_value() == slowly.has_value() &&
            (length ? *length == *slowly : length.error() == slowly.error()));
    if (!length) return length.error();
    if (*length == 0) return error_code(http::errc::cut_short);
    if (auto parsed = http::parse_request_head(bytes.substr(0, *length), {}, head); !parsed) return parsed.error();
    if (auto target = http::read_target(head); !target) return target.error();
    return http::framing_of(head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    http::request_head head, again;
    auto how = read(text_of(data, size), head);
    if (!how || head.authority.empty()) return 0;
    require(head.path == "*" || head.path.starts_with('/'));
    require(!head.host.empty());

    std::string written;
    http::write_request_head(written, head, *how, "");
    auto second = read(written, again);
    if (!second && second.error() == http::errc::head_too_large) return 0;  // by its own Host and framing
    require(second.has_value() && *second == *how);
    require(again.method == head.method && again.path == head.path && again.query == head.query &&
            again.host == head.host);
    return 0;
}
