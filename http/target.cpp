#include "http/target.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "model/rule.hpp"

namespace lintel::http {

namespace {

int hex_value(char c)
{
    if (text::is_digit(c)) return c - '0';
    c = text::to_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool is_unreserved(char c) { return text::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

/// Printable ASCII that may stand in a request target; '#' starts a fragment and never travels (RFC 9110 §7.1).
bool may_stand_in_target(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_normal(std::string_view path)
{
    return path.find('%') == path.npos && path.find("//") == path.npos && path.find("/.") == path.npos;
}

/// Percent-encodings in normal form; false on a broken or forbidden one.
bool normalise_escapes(std::string_view path, std::string& out)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] != '%') {
            out += path[i];
            continue;
        }
        auto high = i + 1 < path.size() ? hex_value(path[i + 1]) : -1;
        auto low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
        if (high < 0 || low < 0) return false;
        auto octet = static_cast<unsigned char>(high << 4 | low);
        if (octet < 0x20 || octet == 0x7f) return false;
        if (is_unreserved(static_cast<char>(octet))) {
            out += static_cast<char>(octet);
        } else {
            out += {'%', digits[octet >> 4], digits[octet & 15]};
        }
        i += 2;
    }
    return true;
}

/// RFC 3986 §5.2.4, with empty segments dropped as well.
std::string without_dot_segments(std::string_view path)
{
    std::vector<std::string_view> kept;
    auto segments = text::split(path.substr(1), '/');
    for (auto segment : segments) {
        if (segment == ".." && !kept.empty()) kept.pop_back();
        if (!segment.empty() && segment != "." && segment != "..") kept.push_back(segment);
    }
    std::string out;
    for (auto segment : kept) (out += '/') += segment;
    auto last = segments.back();
    if (last.empty() || last == "." || last == ".." || out.empty()) out += '/';
    return out;
}

bool set_path(request_head& head, std::string_view path)
{
    head.path = head.raw_path = path;
    if (path.find('\\') != path.npos) return false;  // a slash to some (RFC 3986 knows it nowhere)
    if (is_normal(path)) return true;
    std::string decoded;
    if (!normalise_escapes(path, decoded)) return false;
    head.normal_path = without_dot_segments(decoded);
    head.path = head.normal_path;
    return true;
}

/// "http://host[:port]/path?query" → the authority, and the rest from the path on.
bool split_absolute(std::string_view target, std::string_view& authority, std::string_view& rest)
{
    auto colon = target.find("://");
    if (colon == target.npos) return false;
    auto scheme = target.substr(0, colon);
    if (!text::equal_caseless(scheme, "http") && !text::equal_caseless(scheme, "https")) return false;
    target.remove_prefix(colon + 3);
    auto end = target.find_first_of("/?");
    authority = target.substr(0, end);
    rest = end == target.npos ? std::string_view() : target.substr(end);
    return authority.find('@') == authority.npos;
}

result<void> read_authority(request_head& head, std::string_view from_target)
{
    auto hosts = head.fields.count(field_id::host);
    if (hosts > 1 || (hosts == 0 && head.version != version::http_1_0)) return errc::bad_host;
    head.authority = hosts == 1 ? head.fields.find(field_id::host)->value : std::string_view();
    if (!from_target.empty()) {
        // A Host that isn't one is refused even where the target's authority replaces it.
        if (hosts == 1 && !model::canonical_host(head.authority)) return errc::bad_host;
        head.authority = from_target;
    }
    auto host = model::canonical_host(head.authority);
    if (!host && !(head.authority.empty() && head.version == version::http_1_0)) return errc::bad_host;
    head.host = host ? std::move(*host) : std::string();
    return {};
}

bool is_dot_segment(std::string_view segment)
{
    std::string decoded;
    return normalise_escapes(segment, decoded) && (decoded == "." || decoded == "..");
}

}  // namespace

result<void> read_target(request_head& head)
{
    auto target = head.target;
    std::string_view authority;
    if (!may_stand_in_target(target)) return errc::bad_target;
    bool absolute = !target.starts_with('/') && target != "*";
    if (absolute && (!split_absolute(target, authority, target) || authority.empty())) return errc::bad_target;
    bool whole_server = target == "*" || (absolute && target.empty());  // RFC 9112 §3.2.4
    if (target == "*" && !head.is("OPTIONS")) return errc::bad_target;
    if (whole_server && head.is("OPTIONS")) {
        head.path = head.raw_path = "*";
        head.query = {};
        return read_authority(head, authority);
    }
    auto mark = target.find('?');
    head.query = mark == target.npos ? std::string_view() : target.substr(mark);
    auto path = target.substr(0, mark);
    if (!set_path(head, path.empty() ? "/" : path)) return errc::bad_target;
    return read_authority(head, authority);
}

bool has_dot_segments(std::string_view path) { return std::ranges::any_of(text::split(path, '/'), is_dot_segment); }

bool has_encoded_slashes(std::string_view path)
{
    for (auto at = path.find('%'); at != path.npos; at = path.find('%', at + 1)) {
        auto escape = path.substr(at, 3);
        if (text::equal_caseless(escape, "%2F") || text::equal_caseless(escape, "%5C")) return true;
    }
    return false;
}

}  // namespace lintel::http
