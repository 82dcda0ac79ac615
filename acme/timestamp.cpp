#include "acme/timestamp.hpp"

#include "base/text.hpp"
#include "http/date.hpp"

#include <algorithm>

namespace lintel::acme {

using namespace std::chrono_literals;

namespace {

constexpr duration longest_wait = 366 * 24h;

/// Reads from the front of a text; remembers whether everything was there.
class scanner {
public:
    explicit scanner(std::string_view text) : left_(text) {}

    int digits(std::size_t count)
    {
        auto number = left_.size() < count ? std::nullopt : text::parse_decimal(left_.substr(0, count));
        if (!number) return fail();
        left_.remove_prefix(count);
        return static_cast<int>(*number);
    }

    /// One of `characters`, in whatever case.
    char one_of(std::string_view characters)
    {
        auto at = left_.empty() ? characters.npos : characters.find(text::to_lower(left_.front()));
        if (at == characters.npos) return static_cast<char>(fail());
        left_.remove_prefix(1);
        return characters[at];
    }

    /// What is behind a point, none when there is no point.
    std::chrono::milliseconds fraction()
    {
        if (!left_.starts_with('.')) return 0ms;
        auto end = std::min(left_.find_first_not_of("0123456789", 1), left_.size());
        auto shown = std::string(left_.substr(1, std::min<std::size_t>(end - 1, 3)));
        if (shown.empty()) return std::chrono::milliseconds(fail());
        left_.remove_prefix(end);
        shown.resize(3, '0');
        return std::chrono::milliseconds(*text::parse_decimal(shown));
    }

    bool whole() const { return good_ && left_.empty(); }

private:
    int fail()
    {
        good_ = false;
        return 0;
    }

    std::string_view left_;
    bool good_ = true;
};

}  // namespace

std::optional<wall_clock::time_point> parse_timestamp(std::string_view text)
{
    scanner from(text);
    auto year = from.digits(4);
    from.one_of("-");
    auto month = static_cast<unsigned>(from.digits(2));
    from.one_of("-");
    auto day = static_cast<unsigned>(from.digits(2));
    from.one_of("t ");
    auto hour = from.digits(2);
    from.one_of(":");
    auto minute = from.digits(2);
    from.one_of(":");
    auto second = from.digits(2);
    auto fraction = from.fraction();
    auto zone = from.one_of("z+-");
    int zone_minutes = 0;
    if (zone == '+' || zone == '-') {
        auto hours = from.digits(2);
        from.one_of(":");
        zone_minutes = (hours * 60 + from.digits(2)) * (zone == '+' ? 1 : -1);
    }
    std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    // Second 60 is a leap second. What a 64-bit count of nanoseconds can't say (after 2262) isn't a time of ours.
    bool possible = date.ok() && year >= 1970 && year < 2262 && hour < 24 && minute < 60 && second <= 60;
    if (!from.whole() || !possible) return {};
    return wall_clock::time_point(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
           std::chrono::minutes(minute - zone_minutes) + std::chrono::seconds(second) + fraction;
}

std::optional<duration> parse_retry_after(std::string_view value, wall_clock::time_point sent)
{
    bool number = !value.empty() && std::ranges::all_of(value, text::is_digit);
    if (number) {
        auto seconds = value.size() > 9 ? std::nullopt : text::parse_decimal(value);
        return seconds ? std::min<duration>(std::chrono::seconds(*seconds), longest_wait) : longest_wait;
    }
    auto date = http::parse_date(value);
    if (!date) return {};
    return std::clamp<duration>(*date - sent, 0s, longest_wait);
}

}  // namespace lintel::acme
