#pragma once
// Frames of HTTP/2 as bytes, for tests.

#include <cstdint>
#include <string>
#include <string_view>

namespace lintel::test {

inline std::string big_endian(std::uint32_t value, int bytes)
{
    std::string out;
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
    return out;
}

inline std::string h2_frame_bytes(int type, int flags, std::uint32_t stream, std::string_view payload)
{
    return big_endian(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
           static_cast<char>(flags) + big_endian(stream, 4) + std::string(payload);
}

/// A field that no table keeps and nothing compresses (RFC 7541 §6.2.2). Both shorter than 127 bytes.
inline std::string hpack_field(std::string_view name, std::string_view value)
{
    return std::string(1, '\0') + static_cast<char>(name.size()) + std::string(name) + static_cast<char>(value.size()) +
           std::string(value);
}

}  // namespace lintel::test
