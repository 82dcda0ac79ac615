// A delta as it travels: what is read is written so that it is read back.

#include "model/json.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    model::delta step, again;
    if (!model::decode(text_of(data, size), step)) return 0;
    bool committed = false;
    for (const auto& text : model::encode(step, 200)) {
        auto read = model::decode(text, again);
        require(read.has_value() && !committed);
        committed = *read;
    }
    require(committed && again.upsert == step.upsert && again.remove == step.remove && again.reset == step.reset);
    model::snapshot target;
    model::apply(target, step);
    return 0;
}
