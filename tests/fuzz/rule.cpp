// A rule: what is accepted is printed so that it is read back.

#include "model/rule.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

namespace {

void read_as_tcp_rule(std::string_view text)
{
    auto names = model::parse_tcp_rule(text);
    if (!names) return require(!names.error().what.empty());
    auto printed = model::print_tcp_rule(*names);
    if (printed.size() <= model::rule_limit_bytes) require(model::parse_tcp_rule(printed) == names);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    read_as_tcp_rule(text_of(data, size));
    auto tree = model::parse_rule(text_of(data, size));
    if (!tree) {
        require(!tree.error().what.empty());
        return 0;
    }
    auto printed = model::print(*tree);
    if (printed.size() > model::rule_limit_bytes) return 0;  // canonical spaces may lengthen it
    auto again = model::parse_rule(printed);
    require(again && *again == *tree && model::hosts_of(*again) == model::hosts_of(*tree));
    for (const auto& host : model::hosts_of(*tree)) {
        if (!host.starts_with('*')) require(model::canonical_host(host) == host);
    }
    return 0;
}
