// The frames of a WebSocket: where they end doesn't depend on how the bytes arrive.

#include "http/websocket.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

using namespace lintel;
using namespace lintel::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    auto bytes = text_of(data + 1, size - 1);
    http::websocket_frames whole, pieces;
    whole.pass(bytes);
    for (std::size_t step = 1 + data[0] % 16; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size())))
        pieces.pass(bytes.substr(0, step));
    require(whole.between_frames() == pieces.between_frames());
    return 0;
}
