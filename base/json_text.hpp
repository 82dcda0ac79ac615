#pragma once
// Writing JSON strings without a JSON library: for log lines and small answers off the parser's path.

#include <string>
#include <string_view>

namespace lintel::json_text {

/// `text` as a JSON string, quotes included (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD.
std::string quoted(std::string_view text);

}  // namespace lintel::json_text
