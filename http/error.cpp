#include "http/error.hpp"

#include "net/error.hpp"

#include <algorithm>
#include <array>

namespace lintel::http {

namespace {

class category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "lintel.http"; }

    std::string message(int value) const override
    {
        switch (static_cast<errc>(value)) {
            case errc::bad_request_line: return "the request line is malformed";
            case errc::bad_version: return "the HTTP version is not supported";
            case errc::bad_status_line: return "the status line is malformed";
            case errc::bad_field_name: return "a field name is malformed";
            case errc::too_many_options: return "Connection names more than 64 fields";
            case errc::bad_field_value: return "a field value has a control character";
            case errc::bad_line_end: return "a line does not end with CRLF";
            case errc::obsolete_folding: return "a field is folded over several lines";
            case errc::bad_host: return "the Host field is missing, doubled or not a host";
            case errc::bad_target: return "the request target is malformed";
            case errc::bad_content_length: return "Content-Length is malformed";
            case errc::bad_transfer_encoding: return "Transfer-Encoding is not exactly chunked";
            case errc::ambiguous_framing: return "Content-Length stands beside Transfer-Encoding";
            case errc::bad_chunk: return "the chunked body is malformed";
            case errc::bad_pseudo_field: return "a pseudo-field is missing, doubled, unknown or out of place";
            case errc::connection_field: return "a field of HTTP/1 connections stands in an HTTP/2 message";
            case errc::other_length: return "Content-Length is not the length of the body";
            case errc::bad_trailers: return "the trailers do not end the message";
            case errc::unknown_protocol: return "the protocol of the extended CONNECT is not websocket";
            case errc::bad_expectation: return "the expectation is not 100-continue";
            case errc::method_not_allowed: return "the method is not allowed";
            case errc::method_too_long: return "the method is longer than any";
            case errc::unexpected_body: return "a TRACE request has no body";
            case errc::body_too_large: return "the body is larger than this route takes";
            case errc::target_too_long: return "the request target is too long";
            case errc::head_too_large: return "the fields are too large";
            case errc::trailers_too_large: return "the trailers are too large";
            case errc::too_many_interim: return "too many interim responses";
            case errc::missing_upgrade: return "the upstream did not switch to WebSocket";
            case errc::unasked_upgrade: return "the upstream switched protocols unasked";
            case errc::cut_short: return "the message was cut short";
            case errc::stream_refused: return "the upstream refused the stream";
            case errc::stream_reset: return "the upstream reset the stream";
            case errc::bad_frames: return "what came is no HTTP/2, or a part of it that can't be";
            case errc::upstream_failed: return "the upstream broke off";
        }
        return "unknown error";
    }
};

}  // namespace

error_code make_error_code(errc what)
{
    static const category instance;
    return {static_cast<int>(what), instance};
}

bool is_malformed(error_code failure)
{
    bool ours = failure.category() == make_error_code(errc::bad_chunk).category();
    constexpr std::array stopped{errc::cut_short, errc::stream_refused, errc::stream_reset, errc::upstream_failed};
    return ours && std::ranges::find(stopped, static_cast<errc>(failure.value())) == stopped.end();
}

int status_of(error_code failure)
{
    if (failure == errc::target_too_long) return 414;
    if (failure == errc::head_too_large || failure == errc::trailers_too_large) return 431;
    if (failure == errc::body_too_large) return 413;
    if (failure == errc::method_not_allowed) return 405;
    if (failure == errc::method_too_long || failure == errc::unknown_protocol) return 501;
    if (failure == net::errc::timed_out) return 408;
    if (failure == errc::bad_expectation) return 417;
    if (failure == errc::bad_version) return 505;
    return 400;
}

}  // namespace lintel::http
