#include "http/message.hpp"

#include <algorithm>

namespace lintel::http {

std::string_view name_of(version spoken)
{
    switch (spoken) {
        case version::http_1_0: return "HTTP/1.0";
        case version::http_1_1: return "HTTP/1.1";
        case version::http_2: return "HTTP/2";
    }
    return "";
}

void request_head::clear()
{
    method = target = path = raw_path = query = authority = {};
    host.clear();
    normal_path.clear();
    version = version::http_1_1;
    fields.clear();
}

std::string_view request_head::upgrade() const
{
    const auto* asked = fields.find(field_id::upgrade);
    if (asked == nullptr || !fields.has_token(field_id::connection, "upgrade")) return {};
    return fields.count(field_id::upgrade) == 1 ? asked->value : std::string_view();
}

bool has_too_many_options(const fields& all)
{
    constexpr std::ptrdiff_t most = 64;
    std::ptrdiff_t options = 0;
    for (const auto& each : all) {
        if (each.id == field_id::connection) options += std::ranges::count(each.value, ',') + 1;
    }
    return options > most;
}

std::string_view reason_phrase(int status)
{
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 102: return "Processing";
        case 103: return "Early Hints";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 203: return "Non-Authoritative Information";
        case 204: return "No Content";
        case 205: return "Reset Content";
        case 206: return "Partial Content";
        case 300: return "Multiple Choices";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 418: return "I'm a teapot";
        case 421: return "Misdirected Request";
        case 422: return "Unprocessable Content";
        case 425: return "Too Early";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 451: return "Unavailable For Legal Reasons";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return "Unknown";
    }
}

}  // namespace lintel::http
