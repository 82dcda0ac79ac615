#pragma once
// The admin API's server: HTTP on control's unix socket, whose file only its owner may open.

#include "admin/facts.hpp"
#include "http/h1_connection.hpp"
#include "net/listener.hpp"
#include "net/task_group.hpp"

namespace lintel::admin {

/// GET /status, /routes, /problems, /health, /certificates tell; POST does (admin/certificate_calls). Errors are
/// problem documents (RFC 9457).
class server {
public:
    server(net::worker& home, int socket, facts known);

    /// Serves until cancelled.
    task<void> run();

private:
    task<void> serve(std::unique_ptr<net::stream> client);
    task<void> answer(http::exchange& exchange);

    net::worker& home_;
    facts known_;
    http::connection_limits limits_;
    http::connection_book book_;
    net::listener listener_;
    net::task_group connections_;
};

}  // namespace lintel::admin
