#include "proxy/outcome.hpp"

#include "http/error.hpp"
#include "http/error_page.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <array>

namespace lintel::proxy {

namespace {

/// 503 because no endpoint may be used; the reasons are those of service::why_none.
verdict none_usable(std::string_view state)
{
    constexpr std::array states{
        verdict{503, "no-endpoint", "This app has no endpoint.",
                "Start the app; if it runs, is its port known? lintel problems says so."},
        verdict{503, "starting", "This app is starting: it has not answered yet.",
                "Wait a moment; if it stays so, check that the app listens on the port that is routed to."},
        verdict{503, "unhealthy", "No endpoint of this app can answer now.",
                "Look at the app's own log: its HEALTHCHECK fails, or it stopped taking connections."},
        verdict{503, "paused", "This app is paused.", "Unpause the container."},
        verdict{503, "stopped", "This app is stopped.",
                "Start the container, and look at its log if it ended by itself."},
        verdict{503, "draining", "This app is shutting down.", "Start the container again, or wait for its successor."},
        verdict{503, "unconfirmed", "This app was here before the front door's restart and is not confirmed yet.",
                "Check that the container engine runs and that Lintel may read its socket."},
    };
    auto found = std::ranges::find(states, state, &verdict::reason);
    return found != states.end() ? *found : none_usable("unhealthy");
}

}  // namespace

fault fault_of_body(error_code why)
{
    if (why == http::errc::body_too_large) return fault::body_too_large;
    if (why == http::errc::trailers_too_large) return fault::trailers_too_large;
    if (why == net::errc::timed_out) return fault::client_slow;
    return http::is_malformed(why) ? fault::bad_request_body : fault::client_gone;
}

fault fault_of_connect(error_code why)
{
    if (why == boost::system::errc::connection_refused) return fault::connect_refused;
    if (why == net::errc::timed_out || why == boost::system::errc::timed_out) return fault::connect_timeout;
    constexpr std::array ours{EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EAGAIN};
    bool system = why.category() == boost::system::system_category();
    if (system && std::ranges::find(ours, why.value()) != ours.end()) return fault::exhausted;
    return fault::connect_failed;
}

verdict verdict_of(fault what, std::string_view state)
{
    switch (what) {
        case fault::none: return {0, "", "", ""};
        case fault::no_route:
            return {404, "no-route", "No app is routed here: no router matches this host and path.",
                    "Compare lintel routes with the address, and look at lintel problems."};
        case fault::not_loaded:
            return {503, "starting", "The front door is starting: it does not know its routes yet.",
                    "Wait a moment; if it stays so, look at Lintel's log: control does not answer."};
        case fault::closed_route:
            return {503, "closed", "This route is closed.",
                    "Remove or correct what the sentence names; lintel problems says where it stands."};
        case fault::tls_pending:
            return {
                503, "tls-pending", "This host has no certificate yet.",
                "Wait a moment; if it stays so, lintel cert explain and the host's name say what stands in the way."};
        case fault::no_endpoint: return none_usable(state);
        case fault::connect_refused:
            return {502, "refused", "The app refuses connections.",
                    "Check that the app listens on this port, and not on its own 127.0.0.1 only."};
        case fault::connect_failed:
            return {502, "unreachable", "The app can't be reached.",
                    "Check the endpoint's name and that Lintel has a network in common with it."};
        case fault::connect_timeout:
            return {
                504, "connect-timeout", "The app did not take the connection in time.",
                "Is the app overloaded, does a firewall drop packets, do the name servers answer? connect_timeout is "
                "the limit."};
        case fault::upstream_tls:
            return {502, "upstream-tls", "TLS with the app failed.",
                    "Look at detail in the access log: it says what is wrong. A serversTransport names the CA and the "
                    "server name that are expected."};
        case fault::exhausted:
            return {503, "exhausted", "The front door has no connection left to reach the app with.",
                    "Raise the limit of open files."};
        case fault::upstream_closed:
            return {502, "upstream-closed", "The app closed the connection without an answer.",
                    "Look at the app's own log: it crashed, or gave up on the request."};
        case fault::no_answer:
            return {504, "timeout", "The app did not answer in time.",
                    "Find out what the app waits for, or raise first_byte_timeout."};
        case fault::bad_response:
            return {502, "bad-response", "The app's answer is malformed.",
                    "Look at detail in the access log, and at the app's HTTP library."};
        case fault::response_cut:
            return {502, "response-cut", "The app's answer broke off.",
                    "Look at the app's own log; between_bytes_timeout is the limit for a pause."};
        case fault::bad_request_body:
            return {400, "bad-request", "The request's body is malformed or was cut short.",
                    http::advice_for_bad_requests};
        case fault::bad_field:
            return {400, "bad-request", "A field that the front door must understand is malformed.",
                    http::advice_for_bad_requests};
        case fault::bad_path:
            return {400, "bad-request", "The path is not one that this route takes.", http::advice_for_bad_requests};
        case fault::misdirected:
            return {421, "misdirected", "This connection was made for another host.",
                    "Nothing: clients open another connection."};
        case fault::bad_method:
            return {405, "method-not-allowed", "This route does not allow the method.",
                    "Set the option trace of the route if TRACE is meant to reach the app."};
        case fault::body_too_large:
            return {413, "too-large", "The request's body is larger than this route takes.",
                    "Raise body_limit of the route if the app takes larger ones."};
        case fault::trailers_too_large:
            return {431, "bad-request", "The request's trailers are too large.", http::advice_for_bad_requests};
        case fault::client_slow:
            return {408, "client-timeout", "The request's body came too slowly.",
                    "Lower body_rate or raise body_timeout of the route if its clients are that slow."};
        case fault::deadline:
            return {504, "deadline", "The client's own deadline is over.",
                    "Nothing, unless the client's grpc-timeout is shorter than what the app needs."};
        case fault::busy:
            return {503, "busy", "The app is taking as many uploads as it may.",
                    "Raise max_uploads_per_service if the app can take more at a time."};
        case fault::client_gone: return {0, "client-gone", "", ""};
        case fault::silent: return {0, "silent", "", ""};
        case fault::drained: return {0, "drained", "", ""};
    }
    return {500, "unknown", "The front door failed.", "Report this: Lintel's log has more."};
}

}  // namespace lintel::proxy
