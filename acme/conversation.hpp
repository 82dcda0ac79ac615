#pragma once
// Requests to one CA as RFC 8555 §6 wants them: its directory, nonces, signatures, and what is said again.

#include "acme/client.hpp"
#include "acme/reply.hpp"
#include "acme/url_rule.hpp"

#include <string>
#include <vector>

namespace lintel::acme {

/// Belongs to the fetcher's executor. Several flows may speak at a time: each takes a nonce of its own.
class conversation {
public:
    conversation(http::fetcher& fetcher, client_settings where);

    /// As client::look_up().
    task<answer<directory>> look_up();

    task<answer<reply>> get(std::string url);

    /// A signed POST. `payload` "" is POST-as-GET (§6.3). What the CA refuses is a failure; a badNonce is repeated
    /// (§6.5).
    task<answer<reply>> post(identity who, std::string url, std::string payload,
                             std::string accept = "application/json");

    /// Only after a successful look_up().
    const url_rule& urls() const { return *urls_; }

    /// `what` of an answer that doesn't fit; the directory is fetched anew before the next request.
    failure misfit(const reply& from, std::string what);

private:
    task<answer<reply>> send(http::fetch_request request);
    task<answer<std::string>> take_nonce();
    void keep_nonce(const reply& from);

    http::fetcher& fetcher_;
    client_settings where_;
    checked<url_rule> urls_;
    std::optional<directory> directory_;
    time_point fetched_;
    std::vector<std::string> nonces_;  ///< the freshest last
};

}  // namespace lintel::acme
