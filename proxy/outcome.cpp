#include "proxy/outcome.hpp"

namespace lintel::proxy {

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
        case fault::client_gone: return {0, "client-gone", ""};
    }
    return {500, "unknown", ""};
}

}  // namespace lintel::proxy
