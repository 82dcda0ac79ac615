// Accept fields: some form always comes out, the same one when the fields stand in one list.

#include "http/accept.hpp"
#include "base/text.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    auto text = text_of(data, size);
    http::fields lines;
    for (auto line : text::split(text, '\n')) {
        if (!http::is_field_value(line)) return 0;
        lines.add("Accept", line);
    }
    auto chosen = http::preferred_form(lines);
    require(chosen == http::preferred_form(lines));
    http::fields doubled = lines;
    for (const auto& each : lines) doubled.add(each);
    if (size < 500 && lines.size() == 1) require(http::preferred_form(doubled) == chosen);
    return 0;
}
