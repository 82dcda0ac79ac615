#include "model/http_options.hpp"

#include "base/text.hpp"
#include "base/units.hpp"

#include <array>
#include <vector>

namespace lintel::model {

namespace {

using std::string;
using std::string_view;

string read_time(duration& into, string_view text)
{
    auto value = units::parse_duration(text);
    if (!value) return "is not a duration such as 250ms, 10s or 1m30s";
    into = *value;
    return "";
}

string read_time_above_zero(duration& into, string_view text)
{
    auto before = into;
    if (auto wrong = read_time(into, text); !wrong.empty()) return wrong;
    if (into > duration{}) return "";
    into = before;
    return "must be more than 0";
}

string read_size(std::uint64_t& into, string_view text)
{
    auto value = units::parse_bytes(text);
    if (!value) return "is not a size such as 64KiB or 1048576";
    into = *value;
    return "";
}

string read_count(std::uint64_t& into, string_view text)
{
    auto value = text::parse_decimal(text);
    if (!value || *value == 0) return "is not a whole number above 0";
    into = *value;
    return "";
}

/// A choice between two words.
string read_word(bool& into, string_view text, string_view no, string_view yes)
{
    if (text != no && text != yes) return "is neither " + string(no) + " nor " + string(yes);
    into = text == yes;
    return "";
}

using options = http_options;

constexpr std::array table{
    http_option{"head_timeout", "TIME", false,
                [](options& o, string_view t) { return read_time_above_zero(o.head_timeout, t); }},
    http_option{"idle_timeout", "TIME", false, [](options& o, string_view t) { return read_time(o.idle_timeout, t); }},
    http_option{"body_timeout", "TIME", true, [](options& o, string_view t) { return read_time(o.body_timeout, t); }},
    http_option{"body_rate", "SIZE", true, [](options& o, string_view t) { return read_size(o.body_rate, t); }},
    http_option{"body_limit", "SIZE", true, [](options& o, string_view t) { return read_size(o.body_limit, t); }},
    http_option{"write_timeout", "TIME", true, [](options& o, string_view t) { return read_time(o.write_timeout, t); }},
    http_option{"connect_timeout", "TIME", true,
                [](options& o, string_view t) { return read_time_above_zero(o.connect_timeout, t); }},
    http_option{"retry_timeout", "TIME", true, [](options& o, string_view t) { return read_time(o.retry_timeout, t); }},
    http_option{"first_byte_timeout", "TIME", true,
                [](options& o, string_view t) { return read_time(o.first_byte_timeout, t); }},
    http_option{"between_bytes_timeout", "TIME", true,
                [](options& o, string_view t) { return read_time(o.between_bytes_timeout, t); }},
    http_option{"tunnel_idle_timeout", "TIME", true,
                [](options& o, string_view t) { return read_time(o.tunnel_idle_timeout, t); }},
    http_option{"requests_per_connection", "N", false,
                [](options& o, string_view t) { return read_count(o.requests_per_connection, t); }},
    http_option{"path", "normal|as-is", true,
                [](options& o, string_view t) { return read_word(o.path_as_is, t, "normal", "as-is"); }},
    http_option{"encoded_slashes", "pass|reject", true,
                [](options& o, string_view t) { return read_word(o.reject_encoded_slashes, t, "pass", "reject"); }},
    http_option{"trace", "reject|allow", true,
                [](options& o, string_view t) { return read_word(o.allow_trace, t, "reject", "allow"); }},
    http_option{"h2c", "reject|allow", false,
                [](options& o, string_view t) { return read_word(o.h2c, t, "reject", "allow"); }},
};

const http_option* find(string_view key)
{
    auto found = std::ranges::find(table, key, &http_option::key);
    return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const http_option> http_option_table() { return table; }

string set(http_options& into, string_view key, string_view text)
{
    const auto* known = find(key);
    return known != nullptr ? known->apply(into, text) : "is for an option that nobody knows";
}

string wrong_with(option_place place, string_view key, string_view text)
{
    auto fits = [&](const http_option& each) { return place == option_place::entrypoint || each.of_route; };
    const auto* known = find(key);
    if (known == nullptr || !fits(*known)) {
        std::vector<string> keys;
        for (const auto& each : table) {
            if (fits(each)) keys.emplace_back(each.key);
        }
        auto near = text::nearest(key, keys);
        auto what = known != nullptr ? " can't be set for a route; set it for an entrypoint or for all" : " is unknown";
        auto hint = known != nullptr ? ""
                    : near.empty()   ? "; known are " + text::join(keys, ", ")
                                     : "; did you mean " + near + "?";
        return text::printable(key, 40) + what + hint;
    }
    http_options ignored;
    auto wrong = known->apply(ignored, text);
    return wrong.empty() ? "" : string(key) + ": " + text::printable(text, 40) + ' ' + wrong;
}

http_options overridden(http_options base, const option_texts& texts)
{
    for (const auto& [key, text] : texts) {
        if (const auto* known = find(key)) (void)known->apply(base, text);
    }
    return base;
}

}  // namespace lintel::model
