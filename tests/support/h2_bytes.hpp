#pragma once
// Frames of HTTP/2 as bytes, for tests.

#include "http/h2_frames.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

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

// The same by their names.

inline constexpr int h2_ends = http::h2_frame_header::end_stream, h2_ack = http::h2_frame_header::ack;

inline std::string h2_frame(http::h2_frame type, std::uint32_t stream, std::string_view payload = "", int flags = 0)
{
    return h2_frame_bytes(static_cast<int>(type), flags, stream, payload);
}

using h2_fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// A header block in one frame.
inline std::string h2_head(std::uint32_t stream, h2_fields list, int flags = 0)
{
    std::string block;
    for (auto [name, value] : list) block += hpack_field(name, value);
    return h2_frame(http::h2_frame::headers, stream, block, flags | http::h2_frame_header::end_headers);
}

inline std::string h2_data(std::uint32_t stream, std::string_view bytes, int flags = 0)
{
    return h2_frame(http::h2_frame::data, stream, bytes, flags);
}

inline std::string h2_setting(int which, std::uint32_t value)
{
    return h2_frame(http::h2_frame::settings, 0,
                    big_endian(static_cast<std::uint32_t>(which), 2) + big_endian(value, 4));
}

inline std::string h2_goaway(std::uint32_t last)
{
    return h2_frame(http::h2_frame::goaway, 0, big_endian(last, 4) + big_endian(0, 4));
}

inline std::string h2_reset(std::uint32_t stream, http::h2_code why)
{
    return h2_frame(http::h2_frame::rst_stream, stream, big_endian(static_cast<std::uint32_t>(why), 4));
}

inline std::string h2_window(std::uint32_t stream, std::uint32_t bytes)
{
    return h2_frame(http::h2_frame::window_update, stream, big_endian(bytes, 4));
}

}  // namespace lintel::test
