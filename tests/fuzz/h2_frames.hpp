#pragma once
// Frames of HTTP/2 from a fuzzer's bytes: structure-aware, so that what it changes is mostly more than a broken length.

#include "tests/support/h2_bytes.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace lintel::fuzz {

/// Each frame: type, flags, stream, the length of its payload in two bytes, and the payload as far as there is one.
inline std::string framed(std::string_view input)
{
    constexpr unsigned types = 18;
    std::string out;
    while (input.size() >= 5) {
        auto octet = [&](std::size_t at) { return static_cast<unsigned char>(input[at]); };
        auto size = std::min<std::size_t>(octet(3) << 8 | octet(4), input.size() - 5);
        out += test::h2_frame_bytes(octet(0) % types, octet(1), octet(2), input.substr(5, size));
        input.remove_prefix(5 + size);
    }
    return out;
}

/// What a peer says: its SETTINGS and then frames; behind a first byte of 0xFF all of it as it is.
inline std::string said(std::string_view input)
{
    if (input.starts_with('\xFF')) return std::string(input.substr(1));
    return test::h2_frame_bytes(4, 0, 0, "") + framed(input);
}

}  // namespace lintel::fuzz
