#pragma once
// HTTP requests that control makes itself: the engine's socket, later ACME and webhooks. Never used by the edge.
// The only door to libcurl.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/task.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lintel::http {

struct fetch_request {
    std::string method = "GET";
    std::string url;          ///< http://docker/v1.41/containers/json; the authority is free where `unix_socket` is set
    std::string unix_socket;  ///< path of the socket to dial; empty = TCP to the URL's authority
    std::string connect_to;   ///< "ADDRESS:PORT" (IPv6 in brackets) to dial, past any proxy, for the URL's authority;
                              ///< empty = that
    std::string ca_file;      ///< of https: a PEM file of whom to trust; empty = the system's authorities
    bool verify = true;  ///< of https: false takes any certificate, as CAs do that follow a redirect (RFC 8555 §8.3)
    bool once = false;  ///< on a connection of its own: on a kept one that dies it would be sent a second time, unasked
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
    duration timeout = std::chrono::seconds(10);  ///< for the whole exchange; zero = none (event streams)
    std::size_t limit_bytes = 64U << 20;          ///< a longer response body is an error; not for streams
    /// Where set, body bytes of a 2xx response go here as they arrive, on the caller's executor and in order, and
    /// `fetch_response::body` stays empty. Must not throw.
    std::function<void(std::string_view)> on_data;
};

struct fetch_response {
    int status = 0;
    std::string body;
    std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case
};

/// A failed exchange, for people: what was tried and what the system or the peer said.
struct fetch_failure {
    error_code code;
    std::string why;
};

/// Runs any number of exchanges on one thread of its own, connections kept alive between them. Construct, call and
/// destroy on the executor's thread. Destroying it ends what runs with `operation_aborted`.
class fetcher {
public:
    explicit fetcher(net::event_loop& home);
    ~fetcher();
    fetcher(const fetcher&) = delete;

    /// Errors: what the transport reports (refused, timed out, no such file for a socket that isn't there). An HTTP
    /// status is never an error. Cancelling the task ends the transfer.
    task<std::expected<fetch_response, fetch_failure>> fetch(fetch_request request);

private:
    class engine;
    std::shared_ptr<engine> engine_;
};

}  // namespace lintel::http
