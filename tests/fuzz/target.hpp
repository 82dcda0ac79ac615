#pragma once
// What every fuzz target has.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace lintel::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size)
{
    return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process where something that must always hold does not.
inline void require(bool holds)
{
    if (!holds) std::abort();
}

}  // namespace lintel::fuzz
