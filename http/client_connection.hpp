#pragma once
// A client's connection, as those see it who count connections and let them go.

#include "http/exchange.hpp"

#include <functional>

namespace lintel::http {

/// Hears of messages that were no requests, and were answered here.
using refusal_observer = std::function<void(const net::stream& client, int status, error_code why)>;

/// Belongs to one worker.
class client_connection {
public:
    /// No further request: an idle connection closes, a busy one when what it has begun is answered.
    virtual void drain() = 0;

    /// Ends at once, whatever is under way.
    virtual void close() = 0;

    /// Closes now if no byte of a request has arrived; false when one has.
    virtual bool leave_if_idle() = 0;

protected:
    ~client_connection() = default;
};

}  // namespace lintel::http
