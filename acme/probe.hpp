#pragma once
// One look at one address, as a CA takes it.

#include "acme/preflight.hpp"

#include <string>

namespace lintel::acme {

struct probe_outcome {
    enum class kind {
        ours,    ///< what we show was seen
        other,   ///< somebody answers, and it isn't us
        silent,  ///< nobody does
    };
    kind what = kind::silent;
    std::string why;  ///< where it isn't ours: "it answered 404 (Server: nginx)", "Connection refused"
};

/// HTTP-01 (RFC 8555 §8.3): reads `token` of `name` from the server at `where`, of whatever port, and compares it with
/// `expected`. Redirects are followed, ten at most, to either of the ports 80 and 443 and without a look at
/// certificates. The name's own server is always asked at `where`; others are looked up. `settings` must outlive it.
struct token_question {
    net::worker& home;
    http::fetcher& fetcher;
    const preflight_settings& settings;
    net::address where;
    std::string name, token, expected;
};
task<probe_outcome> read_token(token_question what);

/// TLS-ALPN-01 (RFC 8737 §3): compares the certificate that is shown at `where` for `server_name` with `fingerprint`
/// (as tls::certificate_facts).
task<probe_outcome> see_certificate(net::worker& home, net::address where, std::string server_name,
                                    std::string fingerprint, duration limit);

}  // namespace lintel::acme
