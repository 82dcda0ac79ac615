#include "proxy/tcp_connection.hpp"

#include "net/error.hpp"
#include "net/proxy_protocol.hpp"

namespace lintel::proxy {

namespace {

constexpr std::size_t most_attempts = 6;

}  // namespace

tcp_connection::tcp_connection(worker_state& worker, std::size_t entrypoint, arrival from)
    : worker_(worker),
      from_(std::move(from)),
      options_(worker.limits[entrypoint].options),
      place_(worker.tcp_connections.insert(worker.tcp_connections.end(), this)),
      open_(worker.counters, counter::tcp_connections_open)
{
    worker_.counters.add(counter::tcp_connections);
    record_.started = worker_.loop.time();
    record_.client = from_.client->peer().ip();
    record_.entrypoint = worker_.settings.entrypoints[entrypoint].name;
    record_.protocol = "TCP";
    record_.tls = from_.client->secured().encrypted;
    record_.host = from_.server_name;
    record_.route = from_.route->id;
}

tcp_connection::~tcp_connection() { worker_.tcp_connections.erase(place_); }

task<void> tcp_connection::run()
{
    auto result = co_await serve();
    if (result.what != fault::none) from_.client->close(net::stream::manner::abortive);
    write_line(result);
}

void tcp_connection::cut()
{
    cut_ = true;
    if (connecting_) connecting_->abort();
    from_.client->close(net::stream::manner::abortive);
    if (upstream_) upstream_->close(net::stream::manner::abortive);
}

task<outcome> tcp_connection::serve()
{
    const auto& route = *from_.route;
    if (!route.refusal.empty()) co_return outcome{fault::closed_route, {}};
    record_.service = route.service->id;
    if (auto reached = co_await reach(); reached.what != fault::none) co_return reached;
    if (auto introduced = co_await introduce(); !introduced)
        co_return outcome{fault::upstream_closed, introduced.error()};
    relay_.emplace(worker_.loop, *from_.client, *upstream_, options_.tunnel_idle_timeout);
    auto broken = co_await relay_->run();
    co_return outcome{cut_ ? fault::drained : broken, {}};
}

/// Nothing has been sent to anybody: whoever takes the connection may have it.
task<outcome> tcp_connection::reach()
{
    const auto& service = *from_.route->service;
    auto longest = options_.retry_timeout;
    std::vector<endpoint_ptr> tried;  // so that the addresses in `avoid` stay theirs
    std::vector<const endpoint*> avoid;
    outcome last{fault::no_endpoint, {}};
    last.state = service.why_none();
    while (avoid.size() < most_attempts) {
        auto target = service.choose(worker_.index, avoid);
        if (!target) break;
        last = co_await try_one(target);
        bool late = longest > duration{} && steady_clock::now() - record_.started >= longest;
        if (!never_reached(last.what) || late) break;
        avoid.push_back(target.get());
        tried.push_back(std::move(target));
    }
    co_return last;
}

task<outcome> tcp_connection::try_one(const endpoint_ptr& target)
{
    ++record_.attempts;
    record_.endpoint = target->authority();
    in_flight_.emplace(target, worker_.index);
    auto& connecting = connecting_.emplace(worker_.loop, worker_.names, target->host(), target->port());
    auto made = co_await connecting.run(options_.connect_timeout);
    connecting_.reset();
    // Connecting took time: an endpoint that was told to stop meanwhile gets no new connection.
    if (made && !cut_ && !target->draining()) {
        worker_.counters.add(counter::upstream_connections);
        upstream_ = std::move(*made);
        co_return outcome{};
    }
    in_flight_.reset();
    if (cut_) co_return outcome{fault::client_gone, {}};
    if (made) co_return outcome{fault::connect_refused, {}};
    auto what = fault_of_connect(made.error());
    if (what != fault::exhausted && target->set_reachable(false)) worker_.suspect(target);
    co_return outcome{what, made.error()};
}

/// Tells the endpoint whose connection it is, where its service wants to know.
task<result<void>> tcp_connection::introduce()
{
    const auto& version = from_.route->service->proxy_header;
    if (!version) co_return result<void>{};
    auto header = net::write_proxy_header(*version, {from_.client->peer(), from_.client->local()});
    co_return co_await upstream_->write_all(header);
}

void tcp_connection::write_line(const outcome& result)
{
    if (result.what != fault::none) {
        record_.reason = verdict_of(result.what, result.state).reason;
        if (result.why) record_.detail = result.why.message();
    }
    auto passed = relay_ ? relay_->passed() : tcp_relay::totals{};
    record_.received_bytes = passed.from_client;
    record_.sent_bytes = passed.from_upstream;
    worker_.write(record_);
}

}  // namespace lintel::proxy
