// A chunked body: the same data and the same verdict however the bytes arrive.

#include "http/chunked.hpp"
#include "tests/fuzz/target.hpp"

using namespace lintel;
using namespace lintel::fuzz;

namespace {

struct decoded {
    error_code failure;
    std::string data;
    bool finished = false;
    std::size_t trailers = 0, consumed = 0;
};

decoded decode(std::string_view coded, std::size_t step)
{
    http::chunk_decoder decoder;
    decoded out;
    for (std::size_t end = std::min(step, coded.size());; end = std::min(end + step, coded.size())) {
        for (;;) {
            auto piece = decoder.decode(coded.substr(out.consumed, end - out.consumed));
            if (!piece) {
                out.failure = piece.error();
                return out;
            }
            require(piece->consumed <= end - out.consumed && piece->data.size() <= piece->consumed);
            out.data += piece->data;
            out.consumed += piece->consumed;
            out.finished = piece->finished;
            if (piece->finished || piece->data.empty()) break;
        }
        if (out.finished || end == coded.size()) break;
    }
    out.trailers = decoder.trailers().size();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    auto coded = text_of(data + 1, size - 1);
    auto whole = decode(coded, size), pieces = decode(coded, 1 + data[0] % 16);
    require(whole.failure == pieces.failure && whole.finished == pieces.finished);
    if (whole.failure) return 0;
    require(whole.data == pieces.data && whole.trailers == pieces.trailers);
    if (whole.finished) require(whole.consumed == pieces.consumed);
    return 0;
}
