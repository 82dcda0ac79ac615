#pragma once
// A look at what a server shows, without a word of trust in it.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/stream.hpp"

#include <memory>
#include <string>

namespace lintel::tls {

struct shown_certificate {
    std::string fingerprint;  ///< SHA-256 of the leaf's DER, hexadecimal, as in `certificate_facts`
    std::string protocol;     ///< agreed on by ALPN; empty: none
};

/// Shakes hands over `connected`, asks for `server_name` (SNI, sent as it is) and offers only `protocol` (ALPN), then
/// says goodbye. Any certificate will do. Errors: `timed_out` at `limit`, `end_of_stream`, `handshake_failed`; `why`,
/// where given, gets the last one's reason.
task<result<shown_certificate>> look_at_certificate(std::unique_ptr<net::stream> connected, std::string server_name,
                                                    std::string protocol, duration limit, std::string* why = nullptr);

}  // namespace lintel::tls
