// A rule: what is accepted is printed so that it is read back.

#include "model/rule.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
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
