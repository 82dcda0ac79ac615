#pragma once
// What a client reads where we could not do what it asked for: a page for people, problem details for programs
// (RFC 9457), one line for terminals, a status of its own for gRPC.

#include "http/accept.hpp"
#include "http/exchange.hpp"

namespace lintel::http {

/// UTF-8, in our own words: nothing of the request. docs/errors.md lists all of them.
struct notice {
    int status = 500;
    std::string_view reason;      ///< the word of Lintel-Reason
    std::string_view sentence;    ///< what happened, with its full stop
    std::string_view advice;      ///< what the owner can do
    bool lasts = false;           ///< until the owner acts: trying again is no use
    int retry_after_seconds = 1;  ///< where it doesn't: what passes mostly passes soon, a container starts
};

/// What the owner can do about `bad-request`, whoever finds that the request is bad.
inline constexpr std::string_view advice_for_bad_requests =
    "Look at detail in the access log: it names what the client has to send otherwise.";

struct page {
    std::string_view content_type;
    std::string body;
};

page make_page(const notice& what, form as);

/// Answers with the notice in the form that the request prefers (a HEAD gets the head only): Lintel-Reason,
/// Cache-Control: no-store, and Retry-After with 429 and 503 unless it lasts; as grpc-status on 200 where gRPC asks.
/// `head`: further fields; its status is set here. The notice's texts are the caller's to keep. Errors: as
/// exchange::respond.
task<result<void>> reply_with_notice(exchange& to, notice what, response_head head = {});

}  // namespace lintel::http
