#include "http/fields.hpp"

#include "base/text.hpp"

#include <array>

namespace lintel::http {

namespace {

struct known_field {
    std::string_view name;
    field_id id;
};
constexpr std::array known_fields{
    known_field{"te", field_id::te},
    known_field{"host", field_id::host},
    known_field{"proxy", field_id::proxy},
    known_field{"expect", field_id::expect},
    known_field{"trailer", field_id::trailer},
    known_field{"upgrade", field_id::upgrade},
    known_field{"forwarded", field_id::forwarded},
    known_field{"x-real-ip", field_id::x_real_ip},
    known_field{"connection", field_id::connection},
    known_field{"keep-alive", field_id::keep_alive},
    known_field{"x-request-id", field_id::x_request_id},
    known_field{"max-forwards", field_id::max_forwards},
    known_field{"content-length", field_id::content_length},
    known_field{"http2-settings", field_id::http2_settings},
    known_field{"x-forwarded-for", field_id::x_forwarded_for},
    known_field{"x-forwarded-host", field_id::x_forwarded_host},
    known_field{"x-forwarded-port", field_id::x_forwarded_port},
    known_field{"proxy-connection", field_id::proxy_connection},
    known_field{"x-forwarded-proto", field_id::x_forwarded_proto},
    known_field{"transfer-encoding", field_id::transfer_encoding},
    known_field{"x-forwarded-prefix", field_id::x_forwarded_prefix},
    known_field{"proxy-authenticate", field_id::proxy_authenticate},
    known_field{"proxy-authorization", field_id::proxy_authorization},
};
constexpr std::size_t longest_known = 19;

/// For each length the range of known_fields that has it: most names are told apart by length alone.
struct span_of_length {
    std::uint8_t first = 0, last = 0;
};
constexpr auto by_length = [] {
    std::array<span_of_length, longest_known + 1> spans{};
    for (std::size_t i = 0; i < known_fields.size(); ++i) {
        auto& span = spans[known_fields[i].name.size()];
        if (span.last == 0) span.first = static_cast<std::uint8_t>(i);
        span.last = static_cast<std::uint8_t>(i + 1);
    }
    return spans;
}();

constexpr auto token_table = [] {
    std::array<bool, 256> allowed{};
    for (int c = 0; c < 256; ++c) allowed[c] = text::is_alnum(static_cast<char>(c));
    for (unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) allowed[c] = true;
    return allowed;
}();

}  // namespace

field_id identify(std::string_view name)
{
    auto [first, last] = name.size() > longest_known ? span_of_length{} : by_length[name.size()];
    for (auto i = first; i < last; ++i) {
        if (text::equal_caseless(known_fields[i].name, name)) return known_fields[i].id;
    }
    constexpr std::string_view family = "x-forwarded-";
    bool related = name.size() > family.size() && text::equal_caseless(name.substr(0, family.size()), family);
    return related ? field_id::x_forwarded_other : field_id::other;
}

const field* fields::find(field_id id) const
{
    for (const auto& each : list_) {
        if (each.id == id) return &each;
    }
    return nullptr;
}

const field* fields::find(std::string_view name) const
{
    for (const auto& each : list_) {
        if (text::equal_caseless(each.name, name)) return &each;
    }
    return nullptr;
}

std::size_t fields::count(field_id id) const
{
    std::size_t found = 0;
    for (const auto& each : list_) found += each.id == id ? 1 : 0;
    return found;
}

bool fields::has_token(field_id id, std::string_view token) const
{
    for (const auto& each : list_) {
        if (each.id != id) continue;
        for (auto item : text::split_list(each.value)) {
            if (text::equal_caseless(item, token)) return true;
        }
    }
    return false;
}

bool is_token(std::string_view text)
{
    for (unsigned char c : text) {
        if (!token_table[c]) return false;
    }
    return !text.empty();
}

bool is_field_value(std::string_view text)
{
    bool wrong = false;  // no early end: the compiler looks at many bytes at once
    for (unsigned char c : text) wrong |= (c < 0x20 && c != '\t') || c == 0x7f;
    return !wrong;
}

}  // namespace lintel::http
