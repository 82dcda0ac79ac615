#pragma once
// The client's side of TLS: to upstreams.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/objects.hpp"
#include "net/stream.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lintel::tls {

/// What is wrong with a transport: its CA, certificate or key can't be read. Nothing is sent over one that is broken.
std::optional<problem> problem_with(const model::transport& how);

/// Speaks TLS with the endpoints of one transport, for one worker. Verifies their certificates against the transport's
/// CA or the system's authorities, unless it says otherwise. The context is made by the first connect() (1 ms; the
/// system's authorities are read from their folder as they are needed). Sessions resume, for each endpoint its own.
class client {
public:
    /// `protocols`: what is offered by ALPN, in order of preference; none: no ALPN.
    explicit client(model::transport how, std::vector<std::string> protocols = {});
    ~client();
    client(const client&) = delete;

    /// Takes over `connected`, a connection to `endpoint` (any text that names it; sessions are kept by it), whose
    /// certificate must be for the transport's server_name, else for `host`: a name, which is sent as SNI, or an
    /// address, which is not. Errors: `timed_out`, `end_of_stream`, `handshake_failed`; `why`, where given, gets a
    /// sentence for people: "the upstream's certificate: certificate has expired".
    task<result<std::unique_ptr<net::stream>>> connect(std::unique_ptr<net::stream> connected, std::string endpoint,
                                                       std::string host, duration limit, std::string* why = nullptr);

private:
    struct inside;
    std::unique_ptr<inside> inside_;
};

}  // namespace lintel::tls
