#include "http/h1_parser.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/field_rules.hpp"

namespace lintel::http {

namespace {

/// Takes the next line off `rest`, without its CRLF. The scanner has seen to it that every line ends that way.
std::string_view take_line(std::string_view& rest)
{
    auto end = rest.find('\r');
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    return line;
}

result<version> parse_version(std::string_view text)
{
    if (text == "HTTP/1.1") return version::http_1_1;
    if (text == "HTTP/1.0") return version::http_1_0;
    bool well_formed = text.size() == 8 && text.starts_with("HTTP/") && text::is_digit(text[5]) && text[6] == '.' &&
                       text::is_digit(text[7]);
    if (!well_formed) return errc::bad_request_line;
    if (text[5] == '1') return version::http_1_1;  // a higher minor version is understood as ours (RFC 9110 §2.5)
    return errc::bad_version;
}

result<field> parse_field(std::string_view line)
{
    if (line.front() == ' ' || line.front() == '\t') return errc::obsolete_folding;
    auto colon = line.find(':');
    if (colon == line.npos) return errc::bad_field_name;
    return checked_field(line.substr(0, colon), text::trim(line.substr(colon + 1)));
}

}  // namespace

result<std::size_t> head_scanner::scan(std::string_view bytes, const head_limits& limits)
{
    for (;;) {
        auto end = bytes.find('\n', looked_at_);
        bool first_line = line_start_ == 0;
        if (end == bytes.npos) {
            looked_at_ = bytes.size();
            if (first_line && bytes.size() > limits.target_bytes + 64) return errc::target_too_long;
            if (bytes.size() > limits.head_bytes) return errc::head_too_large;
            return std::size_t{0};
        }
        auto line = bytes.substr(line_start_, end - line_start_);
        // Sizes first, as above: the verdict must not depend on how the bytes arrive.
        if (first_line && line.size() > limits.target_bytes + 64) return errc::target_too_long;
        if (end + 1 > limits.head_bytes) return errc::head_too_large;
        if (line.empty() || line.back() != '\r' || line.find('\r') != line.size() - 1) return errc::bad_line_end;
        line_start_ = looked_at_ = end + 1;
        if (line.size() == 1) return end + 1;
    }
}

result<void> parse_request_head(std::string_view head, const head_limits& limits, request_head& out)
{
    auto line = take_line(head);
    auto first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || first == last) return errc::bad_request_line;
    out.method = line.substr(0, first);
    out.target = line.substr(first + 1, last - first - 1);
    if (!is_token(out.method) || out.target.empty() || out.target.find(' ') != out.target.npos)
        return errc::bad_request_line;
    if (out.method.size() > longest_method) return errc::method_too_long;
    if (out.target.size() > limits.target_bytes) return errc::target_too_long;
    auto spoken = parse_version(line.substr(last + 1));
    if (!spoken) return spoken.error();
    out.version = *spoken;
    return parse_fields(head, limits, out.fields);
}

result<void> parse_response_head(std::string_view head, const head_limits& limits, response_head& out)
{
    auto line = take_line(head);
    // status-line = HTTP-version SP status-code SP [ reason-phrase ]; the last SP is often left out
    auto code = line.size() >= 12 ? text::parse_decimal(line.substr(9, 3)) : std::nullopt;
    bool well_formed = code && *code >= 100 && line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
    if (!well_formed || !is_field_value(line)) return errc::bad_status_line;
    auto spoken = parse_version(line.substr(0, 8));
    if (!spoken) return errc::bad_status_line;
    out.version = *spoken;
    out.status = static_cast<int>(*code);
    return parse_fields(head, limits, out.fields);
}

result<void> parse_fields(std::string_view lines, const head_limits& limits, fields& out)
{
    out.clear();
    std::size_t count = 0;
    for (auto line = take_line(lines); !line.empty(); line = take_line(lines)) {
        if (count++ == limits.fields) return errc::head_too_large;
        auto parsed = parse_field(line);
        if (!parsed) return parsed.error();
        auto kept = verdict_on(parsed->name, limits.underscores);
        if (kept == keep::refuse) return errc::bad_field_name;
        if (kept == keep::yes) out.add(*parsed);
    }
    return {};
}

}  // namespace lintel::http
