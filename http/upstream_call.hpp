#pragma once
// One request to an upstream and its answer: the mirror of `exchange`, an HTTP/1 connection or an HTTP/2 stream alike.

#include "http/exchange.hpp"
#include "http/head_limits.hpp"

namespace lintel::http {

/// What is taken from upstreams.
struct upstream_limits {
    head_limits head{
        .head_bytes = 64 * 1024, .target_bytes = 64 * 1024, .fields = 1000, .underscores = underscores::untouched};
    int interim = 100;
};

/// Belongs to one worker. `send` and the receiving side may run at the same time, each in one task.
class upstream_call {
public:
    virtual ~upstream_call() = default;

    /// The options of the request's route: how long the upstream may take. Before send().
    virtual void use(const model::http_options& options) = 0;

    /// Sends the head and then the body as its pieces come. Ends when all was handed to the kernel. When `body` resets
    /// the upstream sees a cut request, never a complete one. Errors: `upstream_failed` for that (the body's source),
    /// else the connection's.
    virtual now_or_later<result<void>> send(const request_head& head, body_source& body) = 0;

    /// The next response head: any number (≤ 100) of 1xx but 100 (whoever expects it was told already), then the final
    /// one. It may be changed; valid until the next call. Errors: those of parsing and framing (the response can't be
    /// trusted), `unasked_upgrade` (101 without a request for it, or to another protocol), `cut_short` when the
    /// upstream closed before a whole head, else the connection's.
    virtual task<result<response_head*>> receive_head() = 0;

    /// The body of the final response.
    virtual body_source& response_body() = 0;

    /// After a 101: the connection goes to whoever asks.
    virtual tunnel_end take_tunnel() = 0;

    /// Any byte of an answer arrived: from here on the request can't be sent again.
    virtual bool response_begun() const = 0;

    /// The upstream says that it did nothing with the request (RFC 9113 §8.7): it may be sent again.
    virtual bool unprocessed() const = 0;

    /// The response may pause as long as it likes (event streams, gRPC): no patience between its bytes, and none for
    /// the first where this is said before send().
    virtual void expect_pauses() = 0;

    /// How the client took the response: what it takes at once may come in larger portions next time. A slow reader
    /// must not fill the kernel's memory with what it doesn't read.
    virtual void note_reader(bool fast) = 0;

    /// Breaks off at once: pending and later operations fail.
    virtual void abort() = 0;
};

}  // namespace lintel::http
