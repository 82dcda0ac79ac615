// A message between edge and control: what is read is written so that it is read back.

#include "link/messages.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    auto what = link::decode(text_of(data, size));
    if (!what) return 0;
    auto frame = link::encode(*what);
    require(link::is_message(frame));
    auto again = link::decode(frame);
    require(again.has_value() && again->index() == what->index() && link::encode(*again) == frame);
    return 0;
}
