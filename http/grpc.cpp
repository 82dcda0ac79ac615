#include "http/grpc.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace lintel::http {

bool is_grpc(std::string_view content_type)
{
    constexpr std::string_view grpc = "application/grpc";
    auto media = text::trim(content_type.substr(0, content_type.find(';')));
    if (!text::equal_caseless(media.substr(0, grpc.size()), grpc)) return false;
    auto format = media.substr(grpc.size());
    return format.empty() || format.front() == '+';
}

bool asks_by_grpc(const request_head& request)
{
    const auto* type = request.fields.find("Content-Type");
    return type != nullptr && is_grpc(type->value);
}

std::optional<duration> parse_grpc_timeout(std::string_view value)
{
    constexpr std::size_t most_digits = 8;
    struct unit {
        char letter;
        duration length;
    };
    constexpr std::array units{unit{'H', std::chrono::hours(1)},        unit{'M', std::chrono::minutes(1)},
                               unit{'S', std::chrono::seconds(1)},      unit{'m', std::chrono::milliseconds(1)},
                               unit{'u', std::chrono::microseconds(1)}, unit{'n', std::chrono::nanoseconds(1)}};
    if (value.size() < 2 || value.size() > most_digits + 1) return {};
    auto known = std::ranges::find(units, value.back(), &unit::letter);
    auto count = text::parse_decimal(value.substr(0, value.size() - 1));
    if (known == units.end() || !count) return {};
    // A time that the clock can't hold is as good as a year.
    constexpr auto longest = duration(std::chrono::hours(24 * 365));
    auto bearable = static_cast<std::uint64_t>(longest / known->length);
    return std::min(*count, bearable) * known->length;
}

std::string grpc_message(std::string_view sentence)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (unsigned char c : sentence) {
        if (c >= 0x20 && c < 0x7f && c != '%')
            encoded += static_cast<char>(c);
        else
            encoded += {'%', digits[c >> 4], digits[c & 15]};
    }
    return encoded;
}

grpc_status grpc_status_of(int status, std::string_view reason)
{
    // What the status alone would not tell.
    if (reason == "connect-timeout") return grpc_status::unavailable;  // the call never reached the app
    if (reason == "bad-response") return grpc_status::internal;
    switch (status) {
        case 401: return grpc_status::unauthenticated;
        case 403: return grpc_status::permission_denied;
        case 404:
        case 405: return grpc_status::unimplemented;
        case 408: return grpc_status::cancelled;
        case 413:
        case 414:
        case 431: return grpc_status::resource_exhausted;
        case 421:
        case 429:
        case 502:
        case 503: return grpc_status::unavailable;
        case 504: return grpc_status::deadline_exceeded;
        default: return grpc_status::internal;
    }
}

}  // namespace lintel::http
