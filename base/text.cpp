#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <utility>

namespace lintel::text {

std::string lower(std::string_view text)
{
    std::string out(text);
    std::ranges::transform(out, out.begin(), to_lower);
    return out;
}

std::string_view trim(std::string_view text)
{
    auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (;;) {
        auto at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

std::vector<std::string_view> split_list(std::string_view text)
{
    std::vector<std::string_view> items;
    for (auto part : split(text, ',')) {
        if (auto item = trim(part); !item.empty()) items.push_back(item);
    }
    return items;
}

std::string join(std::span<const std::string> parts, std::string_view separator)
{
    std::string out;
    for (const auto& part : parts) {
        if (&part != parts.data()) out += separator;
        out += part;
    }
    return out;
}

std::optional<std::uint64_t> parse_decimal(std::string_view digits)
{
    if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return {};
    std::uint64_t value = 0;
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failure != std::errc{}) return {};
    return value;
}

namespace {

/// Letters added, left out, changed, or swapped with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t{0});
    auto same = [&](std::size_t i, std::size_t j) { return to_lower(a[i - 1]) == to_lower(b[j - 1]); };
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(i, j) ? 0U : 1U)});
            bool swapped = i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::exchange(above, row);
    }
    return above.back();
}

}  // namespace

std::string nearest(std::string_view typed, std::span<const std::string> known)
{
    std::string best;
    std::size_t best_distance = 3;
    for (const auto& candidate : known) {
        auto distance = edit_distance(typed, candidate);
        if (distance < best_distance && distance < candidate.size()) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string printable(std::string_view text, std::size_t limit_bytes)
{
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (char c : text.substr(0, limit_bytes)) {
        auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
            out += c;
        } else {
            out += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
        }
    }
    if (text.size() > limit_bytes) out += "…";
    return out;
}

}  // namespace lintel::text
