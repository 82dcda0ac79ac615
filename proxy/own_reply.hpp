#pragma once
// Answers that we give ourselves: redirects and errors, with who made them and why.

#include "http/exchange.hpp"
#include "proxy/access_log.hpp"
#include "proxy/outcome.hpp"
#include "proxy/worker_state.hpp"

#include <optional>
#include <string>

namespace lintel::proxy {

/// An error as http::reply_with_notice gives it. `detail` goes on with the sentence where there is more to say.
task<void> reply_with(http::exchange& to, verdict what, std::string_view detail, access_record& record);

/// What a route answers itself: that it is closed, what the certificate of its host waits for, or 308 to the same URI
/// on the https entrypoint or on its canonical host. None: its service answers.
std::optional<task<void>> answer_itself(const route& matched, worker_state& worker, http::exchange& to,
                                        access_record& record);

/// What a CA asks for (RFC 8555 §8.3), as it is.
task<void> answer_challenge(http::exchange& to, std::string key_authorization, access_record& record);

/// An OPTIONS or TRACE request that may go no further (Max-Forwards: 0; RFC 9110 §7.6.2, §9.3.7, §9.3.8): 200 with what
/// is allowed, or with the request as it came, but for what may be secret.
task<void> answer_last_hop(http::exchange& to, access_record& record);

}  // namespace lintel::proxy
