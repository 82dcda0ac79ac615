#pragma once
// One request and the chance to answer it: the hinge. Above it nobody knows HTTP/1 from HTTP/2; below it nobody knows
// what proxying is.

#include "http/body.hpp"
#include "http/message.hpp"
#include "model/http_options.hpp"
#include "net/stream.hpp"

#include <functional>

namespace lintel::http {

/// One end of a tunnel: raw bytes both ways, of which `early` arrived already.
struct tunnel_end {
    std::unique_ptr<net::stream> stream;
    std::string early;
};

/// Who has a connection after a 101. Called when the exchange is over and nothing is left of it.
using tunnel_keeper = std::move_only_function<task<void>(tunnel_end client)>;

/// Wants to know at once that a client has given up, where the protocol can say so of one request.
class departure_observer {
public:
    virtual void client_left() = 0;

protected:
    ~departure_observer() = default;
};

/// Belongs to one worker and lives while its handler runs.
class exchange {
public:
    virtual ~exchange() = default;

    virtual const request_head& request() const = 0;
    virtual body_source& body() = 0;

    /// Sends a 1xx response other than 101. Not sent to HTTP/1.0 clients, who don't know them.
    virtual task<result<void>> inform(const response_head& interim) = 0;

    /// Sends the final response; once per exchange. The framing is chosen here: Content-Length fields in `head` count
    /// only where the response has no body of its own (HEAD, 304). Each piece is flushed as it comes. Ends when the
    /// last byte was handed to the kernel. When `body` resets, the client sees a cut connection, never a complete
    /// message. `Connection: close` in `head` closes afterwards. Errors: `upstream_failed` for that;
    /// `missing_upgrade`: the client can't be given this answer, it may get another; else the client's stream's.
    virtual now_or_later<result<void>> respond(const response_head& head, body_source& body) = 0;

    /// Answers 101 with the fields of `head`; after the exchange the connection is `next`'s.
    virtual task<result<void>> accept_tunnel(const response_head& head, tunnel_keeper next) = 0;

    /// Gives up without a (further) answer; what was sent so far can't be taken for complete.
    virtual void abort() = 0;

    /// Whether the client has hung up, as far as the last round of the loop knows.
    virtual bool client_gone() const = 0;

    /// From now on this one is told, null: nobody. Where a protocol knows of connections only, client_gone() tells.
    virtual void watch_departure(departure_observer*) {}

    virtual bool response_started() const = 0;

    /// From here on the options of the request's route count, no longer those of its entrypoint: the pace and the size
    /// of its body, the client's patience.
    virtual void use(const model::http_options& options) = 0;

    /// The request's body is one side of a conversation (gRPC): its client may be silent for as long as it likes, and
    /// say it in a few bytes at a time.
    virtual void expect_pauses() {}

    /// The connection's: its addresses and what TLS knows.
    virtual const net::stream& connection() const = 0;
};

/// Answers one exchange. What it leaves unanswered is aborted.
using handler = std::function<task<void>(exchange&)>;

/// Answers with a short body of our own.
task<result<void>> reply(exchange& to, response_head head, std::string_view body);

}  // namespace lintel::http
