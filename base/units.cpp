#include "base/units.hpp"

#include "base/text.hpp"

#include <array>
#include <utility>

namespace lintel::units {

using namespace std::chrono_literals;

namespace {

constexpr duration year = 365 * 24h;

std::optional<duration> unit_of(std::string_view name)
{
    constexpr std::array<std::pair<std::string_view, duration>, 6> table{
        {{"ns", 1ns}, {"us", 1us}, {"ms", 1ms}, {"s", 1s}, {"m", 1min}, {"h", 1h}}};
    for (auto [known, value] : table) {
        if (known == name) return value;
    }
    return {};
}

}  // namespace

std::optional<duration> parse_duration(std::string_view text)
{
    if (auto seconds = text::parse_decimal(text)) {
        if (*seconds > static_cast<std::uint64_t>(year / 1s)) return {};
        return std::chrono::seconds(*seconds);
    }
    duration total{};
    if (text.empty()) return {};
    while (!text.empty()) {
        auto digits = text.substr(0, text.find_first_not_of("0123456789"));
        text.remove_prefix(digits.size());
        auto name = text.substr(0, text.find_first_of("0123456789"));
        text.remove_prefix(name.size());
        auto count = text::parse_decimal(digits);
        auto unit = unit_of(name);
        if (!count || !unit || *count > static_cast<std::uint64_t>(year / *unit)) return {};
        total += *unit * static_cast<std::int64_t>(*count);
        if (total > year) return {};
    }
    return total;
}

std::string format(duration value)
{
    if (value % 1s == 0s) return std::to_string(value / 1s) + "s";
    if (value % 1ms == 0ms) return std::to_string(value / 1ms) + "ms";
    return std::to_string(value.count()) + "ns";
}

std::optional<std::uint64_t> parse_bytes(std::string_view text)
{
    constexpr std::array<std::pair<std::string_view, int>, 4> table{{{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}}};
    auto digits = text.substr(0, text.find_first_not_of("0123456789"));
    auto suffix = text::trim(text.substr(digits.size()));
    auto count = text::parse_decimal(digits);
    for (auto [name, shift] : table) {
        if (!count || name != suffix) continue;
        if (*count > (UINT64_MAX >> shift)) return {};
        return *count << shift;
    }
    return {};
}

}  // namespace lintel::units
