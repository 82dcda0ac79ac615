#include "base/json_text.hpp"

namespace lintel::json_text {

namespace {

/// The length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629 §4), 0 when there is none.
std::size_t utf8_length(std::string_view text)
{
    auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    auto lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        bool overlong = lead == 0xE0 && byte(1) < 0xA0;
        bool surrogate = lead == 0xED && byte(1) > 0x9F;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        bool overlong = lead == 0xF0 && byte(1) < 0x90;
        bool beyond = lead == 0xF4 && byte(1) > 0x8F;
        return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

void append_escaped(std::string& out, char c)
{
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        default: break;
    }
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
        out += c;
        return;
    }
    out += "\\u00";
    out += hex[byte >> 4];
    out += hex[byte & 15];
}

}  // namespace

std::string quoted(std::string_view text)
{
    std::string out = "\"";
    while (!text.empty()) {
        auto length = utf8_length(text);
        if (length == 1) append_escaped(out, text.front());
        if (length > 1) out += text.substr(0, length);
        if (length == 0) out += "\uFFFD";
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out + '"';
}

}  // namespace lintel::json_text
