#include "http/h2_head.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/field_rules.hpp"

#include <algorithm>
#include <charconv>

namespace lintel::http {

namespace {

constexpr std::size_t kept_bytes = 4 * 1024;  ///< of a text that the next head may need, too
constexpr std::size_t field_overhead = 32;    ///< RFC 9113 §6.5.2

bool is_space(char c) { return c == ' ' || c == '\t'; }

bool has_outer_space(std::string_view value)
{
    return !value.empty() && (is_space(value.front()) || is_space(value.back()));
}

bool has_upper_case(std::string_view name)
{
    return std::ranges::any_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// RFC 9113 §8.2.2.
bool concerns_connection(const field& each)
{
    switch (each.id) {
        case field_id::connection:
        case field_id::keep_alive:
        case field_id::proxy_connection:
        case field_id::transfer_encoding:
        case field_id::upgrade: return true;
        case field_id::te: return !text::equal_caseless(each.value, "trailers");
        default: return false;
    }
}

/// RFC 9113 §8.2.1.
result<field> checked(std::string_view name, std::string_view value)
{
    if (has_upper_case(name)) return errc::bad_field_name;
    if (has_outer_space(value)) return errc::bad_field_value;
    auto good = checked_field(name, value);
    if (good && concerns_connection(*good)) return errc::connection_field;
    return good;
}

}  // namespace

struct h2_field_list::pseudo_fields {
    std::optional<std::string_view> method, scheme, authority, path, protocol;
    std::size_t count = 0;
};

void h2_field_list::clear()
{
    text_.clear();
    if (text_.capacity() > kept_bytes) text_.shrink_to_fit();
    entries_.clear();
    protocol_ = {};
    counted_bytes_ = 0;
    too_large_ = false;
}

void h2_field_list::add(std::string_view name, std::string_view value, std::size_t most_bytes)
{
    counted_bytes_ += name.size() + value.size() + field_overhead;
    too_large_ = too_large_ || counted_bytes_ > most_bytes;
    if (too_large_) return;
    entries_.push_back({static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                        static_cast<std::uint32_t>(value.size())});
    text_ += name;
    text_ += value;
}

std::optional<std::string_view> h2_field_list::find(std::string_view name) const
{
    auto found = std::ranges::find(entries_, name, [this](const entry& each) { return name_of(each); });
    if (found == entries_.end()) return {};
    return value_of(*found);
}

result<void> h2_field_list::read(const head_limits& limits, request_head& out)
{
    out.clear();
    out.version = version::http_2;
    if (too_large_) return errc::head_too_large;
    if (auto wrong = join_cookies()) return wrong;
    auto pseudo = read_pseudo();
    if (!pseudo) return pseudo.error();
    if (pseudo->authority && !is_field_value(*pseudo->authority)) return errc::bad_host;
    if (pseudo->authority) out.fields.add({"Host", *pseudo->authority, field_id::host});
    if (auto read = read_fields(pseudo->count, limits, out.fields); !read) return read;
    if (pseudo->authority && out.fields.count(field_id::host) > 1) {
        // RFC 9113 §8.3.1: the same host twice is one.
        bool first = true, differs = false;
        out.fields.remove_if([&](const field& each) {
            if (each.id != field_id::host || std::exchange(first, false)) return false;
            differs = differs || each.value != *pseudo->authority;
            return true;
        });
        if (differs) return errc::bad_host;
    }
    out.method = *pseudo->method;
    if (!is_token(out.method)) return errc::bad_request_line;
    if (out.method.size() > longest_method) return errc::method_too_long;
    out.target = pseudo->path.value_or("");
    if (out.target.size() > limits.target_bytes) return errc::target_too_long;
    std::size_t bytes = out.method.size() + out.target.size() + std::string_view("  HTTP/1.1\r\n\r\n").size();
    for (const auto& each : out.fields)
        bytes += each.name.size() + each.value.size() + std::string_view(": \r\n").size();
    if (bytes > limits.head_bytes) return errc::head_too_large;
    protocol_ = pseudo->protocol.value_or("");
    if (out.is("CONNECT") && !pseudo->protocol) return {};  // refused further on, whatever else it says
    if (!pseudo->path || !pseudo->scheme) return errc::bad_pseudo_field;
    if (*pseudo->scheme != "https" && *pseudo->scheme != "http") return errc::bad_target;
    if (!out.target.starts_with('/') && out.target != "*") return errc::bad_target;
    return {};
}

result<void> h2_field_list::read(const head_limits& limits, response_head& out) const
{
    out.fields.clear();
    out.version = version::http_2;
    if (too_large_) return errc::head_too_large;
    if (entries_.empty() || name_of(entries_[0]) != ":status") return errc::bad_pseudo_field;
    auto code = value_of(entries_[0]);
    auto status = code.size() == 3 ? text::parse_decimal(code) : std::nullopt;
    if (!status || *status < 100) return errc::bad_status_line;
    out.status = static_cast<int>(*status);
    return read_fields(1, limits, out.fields);
}

result<h2_field_list::pseudo_fields> h2_field_list::read_pseudo() const
{
    pseudo_fields found;
    auto slot = [&](std::string_view name) -> std::optional<std::string_view>* {
        if (name == ":method") return &found.method;
        if (name == ":scheme") return &found.scheme;
        if (name == ":authority") return &found.authority;
        if (name == ":path") return &found.path;
        return name == ":protocol" ? &found.protocol : nullptr;
    };
    for (const auto& each : entries_) {
        if (!name_of(each).starts_with(':')) break;
        auto* into = slot(name_of(each));
        if (into == nullptr || *into) return errc::bad_pseudo_field;
        *into = value_of(each);
        ++found.count;
    }
    if (!found.method || (found.protocol && *found.method != "CONNECT")) return errc::bad_pseudo_field;
    return found;
}

result<void> h2_field_list::read_fields(std::size_t first, const head_limits& limits, fields& out) const
{
    std::size_t count = out.size();
    for (const auto& each : std::span(entries_).subspan(first)) {
        auto name = name_of(each);
        if (name.starts_with(':')) return errc::bad_pseudo_field;  // behind others
        if (count++ == limits.fields) return errc::head_too_large;
        auto good = checked(name, value_of(each));
        if (!good) return good.error();
        auto kept = verdict_on(name, limits.underscores);
        if (kept == keep::refuse) return errc::bad_field_name;
        if (kept == keep::yes) out.add(*good);
    }
    return {};
}

result<void> h2_field_list::read_trailers(const head_limits& limits, fields& out) const
{
    out.clear();
    if (too_large_) return errc::trailers_too_large;
    return read_fields(0, limits, out);
}

/// The first crumb becomes all of them, the others go.
error_code h2_field_list::join_cookies()
{
    auto is_crumb = [&](const entry& each) { return name_of(each) == "cookie"; };
    auto first = std::ranges::find_if(entries_, is_crumb);
    if (first == entries_.end() || std::find_if(first + 1, entries_.end(), is_crumb) == entries_.end()) return {};
    constexpr std::uint32_t name_size = 6;
    std::string whole("cookie");
    for (auto each = first; each != entries_.end(); ++each) {
        if (!is_crumb(*each) || each->value_size == 0) continue;
        if (has_outer_space(value_of(*each))) return errc::bad_field_value;
        if (whole.size() > name_size) whole += "; ";
        whole += value_of(*each);
    }
    *first = {static_cast<std::uint32_t>(text_.size()), name_size,
              static_cast<std::uint32_t>(whole.size()) - name_size};
    text_ += whole;
    entries_.erase(std::remove_if(first + 1, entries_.end(), is_crumb), entries_.end());
    return {};
}

void write_head(const response_head& head, bool bodiless, std::optional<std::uint64_t> length, std::string& digits,
                std::vector<h2_field>& out)
{
    char text[24];
    auto* status_end = std::to_chars(text, text + sizeof text, head.status).ptr;
    auto* end = status_end;
    if (!bodiless && length) end = std::to_chars(status_end, text + sizeof text, *length).ptr;
    digits.assign(text, end);
    auto status_size = static_cast<std::size_t>(status_end - text);
    out.clear();
    out.push_back({":status", std::string_view(digits).substr(0, status_size)});
    bool may_say_length = bodiless && head.status >= 200 && head.status != 204;
    for (const auto& each : head.fields) {
        bool describes_absent_body = each.id == field_id::content_length && may_say_length;
        if (each.id == field_id::upgrade || (is_connections_own(each.id) && !describes_absent_body)) continue;
        out.push_back({each.name, each.value});
    }
    if (!bodiless && length) out.push_back({"content-length", std::string_view(digits).substr(status_size)});
}

void write_head(const request_head& head, std::string_view scheme, std::optional<std::uint64_t> length,
                std::string& texts, std::vector<h2_field>& out)
{
    texts.assign(head.path).append(head.query);
    auto path_size = texts.size();
    if (length) texts += std::to_string(*length);
    auto written = std::string_view(texts);
    out.clear();
    out.push_back({":method", head.method});
    out.push_back({":scheme", scheme});
    if (!head.authority.empty()) out.push_back({":authority", head.authority});
    out.push_back({":path", written.substr(0, path_size)});
    for (const auto& each : head.fields) {
        bool own = is_connections_own(each.id) || each.id == field_id::host || each.id == field_id::upgrade;
        if (!own) out.push_back({each.name, each.value});
    }
    // RFC 9110 §8.6: these say so even when empty.
    bool usual = head.is("POST") || head.is("PUT") || head.is("PATCH");
    if (length && (*length > 0 || usual)) out.push_back({"content-length", written.substr(path_size)});
}

h2_priority read_priority(std::string_view value)
{
    h2_priority wanted;
    for (auto member : text::split_list(value)) {
        auto item = text::trim(member.substr(0, member.find(';')));
        if (item.size() == 3 && item.starts_with("u=") && item[2] >= '0' && item[2] <= '7')
            wanted.urgency = static_cast<unsigned>(item[2] - '0');
        if (item == "i" || item == "i=?1") wanted.incremental = true;
        if (item == "i=?0") wanted.incremental = false;
    }
    return wanted;
}

}  // namespace lintel::http
