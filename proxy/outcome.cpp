#include "proxy/outcome.hpp"

#include "http/error.hpp"
#include "net/error.hpp"

namespace lintel::proxy {

fault fault_of_body(error_code why)
{
    if (why == http::errc::body_too_large || why == http::errc::trailers_too_large) return fault::body_too_large;
    if (why == net::errc::timed_out) return fault::client_slow;
    return http::is_malformed(why) ? fault::bad_request_body : fault::client_gone;
}

verdict verdict_of(fault what)
{
    switch (what) {
        case fault::none: return {0, "", ""};
        case fault::no_route: return {404, "no-route", "No app is routed here: no router matches this host and path."};
        case fault::not_loaded:
            return {503, "starting", "The front door is starting: it does not know its routes yet."};
        case fault::closed_route: return {503, "closed", "This route is closed."};
        case fault::no_endpoint: return {503, "unhealthy", "No endpoint of this app can answer now."};
        case fault::connect_refused: return {502, "refused", "The app refuses connections."};
        case fault::connect_failed: return {502, "unreachable", "The app can't be reached."};
        case fault::connect_timeout: return {504, "connect-timeout", "The app did not take the connection in time."};
        case fault::exhausted:
            return {503, "exhausted", "The front door has no connection left to reach the app with."};
        case fault::upstream_closed:
            return {502, "upstream-closed", "The app closed the connection without an answer."};
        case fault::no_answer: return {504, "timeout", "The app did not answer in time."};
        case fault::bad_response: return {502, "bad-response", "The app's answer is malformed."};
        case fault::response_cut: return {502, "response-cut", "The app's answer broke off."};
        case fault::bad_request_body: return {400, "bad-request", "The request's body is malformed or was cut short."};
        case fault::bad_path: return {400, "bad-request", "The path is not one that this route takes."};
        case fault::bad_method: return {405, "method-not-allowed", "This route does not allow the method."};
        case fault::body_too_large: return {413, "too-large", "The request's body is larger than this route takes."};
        case fault::client_slow: return {408, "client-timeout", "The request's body came too slowly."};
        case fault::busy: return {503, "busy", "The app is taking as many uploads as it may."};
        case fault::client_gone: return {0, "client-gone", ""};
    }
    return {500, "unknown", ""};
}

}  // namespace lintel::proxy
