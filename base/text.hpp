#pragma once
// ASCII text: what protocols and labels need, independent of the locale.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::text {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }

std::string lower(std::string_view text);

/// True when both are the same but for the case of ASCII letters.
constexpr bool equal_caseless(std::string_view a, std::string_view b)
{
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

/// Without leading and trailing spaces and tabs (RFC 9110 §5.6.3, OWS).
std::string_view trim(std::string_view text);

/// The parts between separators, untrimmed; an empty text is one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The non-empty parts between commas, trimmed (RFC 9110 §5.6.1).
std::vector<std::string_view> split_list(std::string_view text);

std::string join(std::span<const std::string> parts, std::string_view separator);

/// A whole non-negative decimal number and nothing else; none on overflow, sign or space.
std::optional<std::uint64_t> parse_decimal(std::string_view digits);

/// The one of `known` that `typed` most likely meant (edit distance ≤ 2, two swapped letters being one), empty when
/// none is near.
std::string nearest(std::string_view typed, std::span<const std::string> known);

/// Printable: control characters, quotes and bytes above ASCII as \xNN; cut with "…" after `limit_bytes`.
std::string printable(std::string_view text, std::size_t limit_bytes = 200);

}  // namespace lintel::text
