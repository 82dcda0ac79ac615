#pragma once
// Certificates that are not there yet.

#include "base/clock.hpp"
#include "net/task.hpp"

#include <string>
#include <string_view>

namespace lintel::tls {

/// Asked for names that no published certificate covers. Belongs to one worker, as the server that asks.
class certificate_finder {
public:
    virtual ~certificate_finder() = default;

    /// Whether a certificate for `server_name` is being looked for, or shall be. False: the client is refused at once.
    virtual bool is_pending(std::string_view server_name) = 0;

    /// Returns when the published certificates are worth another look, at `end` at the latest: the handshake waits for
    /// it, and is refused when they cover the name no more than before.
    virtual task<void> found(std::string server_name, time_point end) = 0;
};

}  // namespace lintel::tls
