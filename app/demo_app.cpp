#include "app/demo_app.hpp"

#include "app/exit_status.hpp"
#include "base/log.hpp"
#include "http/h1_connection.hpp"
#include "net/listener.hpp"
#include "net/signals.hpp"
#include "net/task_group.hpp"

#include <csignal>
#include <cstdio>

namespace lintel::app {

namespace {

/// A page that shows what the app was told of the client.
task<void> answer(http::exchange& exchange)
{
    const auto& request = exchange.request();
    auto page = "Hello from the demo app behind Lintel.\n\nYou asked for " + std::string(request.method) + " " +
                std::string(request.path) + ", and this is what arrived:\n\n  Host: " + std::string(request.authority) +
                "\n";
    for (const auto& each : request.fields) {
        if (each.id != http::field_id::host)
            page += "  " + std::string(each.name) + ": " + std::string(each.value) + "\n";
    }
    http::response_head head;
    head.status = 200;
    co_await http::reply(exchange, std::move(head), page);
}

class demo_app {
public:
    demo_app(net::worker& home, int socket)
        : home_(home), signals_(home, {SIGTERM, SIGINT}), listener_(home, socket), tasks_(home)
    {
    }

    void start()
    {
        tasks_.spawn("accept", accept());
        tasks_.spawn("signals", end_at_signal());
    }

private:
    task<void> accept()
    {
        while (auto client = co_await listener_.accept()) tasks_.spawn("connection", serve(std::move(client)));
    }

    task<void> serve(std::unique_ptr<net::stream> client)
    {
        http::h1_connection connection(home_, std::move(client), limits_, book_);
        co_await connection.serve(answer);
    }

    task<void> end_at_signal()
    {
        co_await signals_.next();
        std::_Exit(exit_status::success);
    }

    net::worker& home_;
    http::connection_limits limits_;
    http::connection_book book_;
    net::signals signals_;
    net::listener listener_;
    net::task_group tasks_;
};

}  // namespace

int run_demo_app(const std::string& address)
{
    auto where = net::parse_host_port(address);
    auto sockets = where ? net::bind_entrypoint(*where, 1) : std::unexpected(where.error());
    if (!sockets) {
        std::fprintf(stderr, "lintel demo-app: %s\n", sockets.error().what.c_str());
        return exit_status::failure;
    }
    auto bound = net::bound_address(sockets->front().get());
    std::printf("listening on %s\n", bound->to_string().c_str());
    std::fflush(stdout);
    net::worker home;
    demo_app app(home, sockets->front().get());
    app.start();
    home.run();
    return exit_status::success;
}

}  // namespace lintel::app
