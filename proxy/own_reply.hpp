#pragma once
// Answers that we give ourselves: redirects and errors, with who made them and why.

#include "http/exchange.hpp"
#include "proxy/access_log.hpp"
#include "proxy/outcome.hpp"

#include <string>

namespace lintel::proxy {

/// An error as http::reply_with_notice gives it. `detail` goes on with the sentence where there is more to say.
task<void> reply_with(http::exchange& to, verdict what, std::string_view detail, access_record& record);

/// 308 to the same URI on the https entrypoint; `port` 443 is left out.
task<void> redirect_to_https(http::exchange& to, std::uint16_t port, access_record& record);

}  // namespace lintel::proxy
