#pragma once
// Frames over a stream: a length of 4 bytes, big-endian, then that many bytes.

#include "net/stream.hpp"

#include <string>
#include <string_view>

namespace lintel::net {

inline constexpr std::size_t frame_limit_bytes = 1U << 20;

/// Errors: `end_of_stream`, `frame_too_large`, what the stream reports.
task<result<std::string>> read_frame(stream& from);
task<result<void>> write_frame(stream& to, std::string_view payload);

}  // namespace lintel::net
