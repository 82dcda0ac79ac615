#include "http/date.hpp"

#include <ctime>

namespace lintel::http {

std::string date_now()
{
    auto now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[32];
    auto length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text, length};
}

std::optional<wall_clock::time_point> parse_date(std::string_view text)
{
    std::string ended(text);
    for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        std::tm parts{};
        const char* end = ::strptime(ended.c_str(), form, &parts);
        bool sane = end == ended.c_str() + ended.size() && parts.tm_year >= 70 && parts.tm_year < 2262 - 1900;
        if (sane) return wall_clock::from_time_t(::timegm(&parts));
    }
    return {};
}

}  // namespace lintel::http
