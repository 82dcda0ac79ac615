#include "http/accept.hpp"

#include "base/text.hpp"

#include <array>
#include <optional>

namespace lintel::http {

namespace {

constexpr std::size_t most_ranges = 32, most_bytes = 2048;
constexpr int whole = 1000;  ///< quality 1, in thousandths

/// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) (RFC 9110 §12.4.2).
std::optional<int> parse_quality(std::string_view text)
{
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return {};
    if (text.size() > 1 && text[1] != '.') return {};
    int value = (text[0] - '0') * whole, unit = whole / 10;
    for (char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (!text::is_digit(c)) return {};
        value += (c - '0') * unit;
        unit /= 10;
    }
    return value <= whole ? std::optional(value) : std::nullopt;
}

struct media_range {
    std::string_view type, subtype;
    int quality = whole;
};

std::optional<media_range> parse_range(std::string_view text)
{
    auto parts = text::split(text, ';');
    auto name = text::trim(parts.front());
    auto slash = name.find('/');
    if (slash == name.npos) return {};
    media_range range{name.substr(0, slash), name.substr(slash + 1)};
    if (!is_token(range.type) || !is_token(range.subtype)) return {};
    for (auto part : std::span(parts).subspan(1)) {
        part = text::trim(part);
        if (part.size() < 2 || text::to_lower(part[0]) != 'q' || part[1] != '=') continue;
        auto quality = parse_quality(part.substr(2));
        if (!quality) return {};
        range.quality = *quality;
    }
    return range;
}

/// How well a client likes one form. The most specific range decides, whatever its quality.
struct liking {
    enum class by { nothing, any, type, name };

    by how = by::nothing;
    int quality = 0;
    std::size_t place = 0;

    void hear(by whom, int wanted, std::size_t at)
    {
        if (whom < how || (whom == how && wanted <= quality)) return;
        *this = {whom, wanted, at};
    }
    bool beats(const liking& other) const
    {
        if (quality != other.quality) return quality > other.quality;
        if (quality == 0) return false;
        if ((how == by::name) != (other.how == by::name)) return how == by::name;
        return how == by::name && place < other.place;
    }
};

struct likings {
    liking plain, html, json;

    void hear(const media_range& range, std::size_t place)
    {
        auto is = [](std::string_view a, std::string_view b) { return text::equal_caseless(a, b); };
        auto say = [&](liking& to, liking::by how) { to.hear(how, range.quality, place); };
        bool any_subtype = range.subtype == "*", any_type = range.type == "*";
        bool is_text = is(range.type, "text"), is_application = is(range.type, "application");
        auto suffix = range.subtype.substr(range.subtype.size() - std::min<std::size_t>(5, range.subtype.size()));
        if (any_type && any_subtype) {
            for (auto* each : {&plain, &html, &json}) say(*each, liking::by::any);
        } else if (is_text && any_subtype) {
            say(plain, liking::by::type);
            say(html, liking::by::type);
        } else if (is_application && any_subtype) {
            say(json, liking::by::type);
        } else if (is(range.subtype, "json") || is(suffix, "+json")) {
            say(json, liking::by::name);
        } else if (is_text && is(range.subtype, "html")) {
            say(html, liking::by::name);
        } else if (is_text && is(range.subtype, "plain")) {
            say(plain, liking::by::name);
        }
    }
};

}  // namespace

form preferred_form(const fields& of)
{
    likings heard;
    std::size_t place = 0, bytes = 0;
    for (const auto& each : of) {
        if (!text::equal_caseless(each.name, "accept")) continue;
        auto value = each.value.substr(0, most_bytes - bytes);
        bytes += value.size();
        for (auto part : text::split_list(value)) {
            if (place == most_ranges) break;
            if (auto range = parse_range(part)) heard.hear(*range, place);
            ++place;
        }
    }
    auto best = form::plain;
    const auto* most = &heard.plain;
    for (auto [which, how] : {std::pair(form::html, &heard.html), std::pair(form::json, &heard.json)}) {
        if (!how->beats(*most)) continue;
        best = which;
        most = how;
    }
    return best;
}

}  // namespace lintel::http
