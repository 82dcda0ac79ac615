#pragma once
// What an exchange needs of its HTTP/2 connection.

#include "http/connection_limits.hpp"
#include "http/h2_budget.hpp"
#include "http/h2_session.hpp"
#include "net/stream.hpp"
#include "net/worker.hpp"

namespace lintel::http {

class h2_exchange;

/// What a stream of either side needs of its connection.
class h2_carrier {
public:
    virtual h2_session& session() = 0;

    /// The session may have something to say: it is taken at once where there is room, and sent within this round of
    /// the loop.
    virtual void push() = 0;

protected:
    ~h2_carrier() = default;
};

/// One connection's, as long as it lives.
class h2_link : public h2_carrier {
public:
    virtual net::worker& home() = 0;
    virtual net::stream& client() = 0;
    virtual const connection_limits& limits() const = 0;

    /// The head of this one's request is here. Said while the session receives.
    virtual void begun(h2_exchange& which) = 0;

    /// The client did what only attackers do often.
    virtual void note(h2_attack what) = 0;

    /// This once it had reason to.
    virtual void excuse(h2_attack what) = 0;

protected:
    ~h2_link() = default;
};

}  // namespace lintel::http
