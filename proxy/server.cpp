#include "proxy/server.hpp"

#include "base/log.hpp"
#include "http/h1_writer.hpp"
#include "proxy/forward.hpp"
#include "proxy/forward_fields.hpp"
#include "proxy/own_reply.hpp"
#include "proxy/route_policy.hpp"

namespace lintel::proxy {

using namespace std::chrono_literals;

namespace {

/// For a client that is not let in: no request of it is read.
std::string refusal_at_the_door(int status, std::string_view reason, std::string_view sentence)
{
    http::response_head head;
    head.status = status;
    head.fields.add("Lintel-Reason", reason);
    head.fields.add("Retry-After", "1");
    head.fields.add("Cache-Control", "no-store");
    head.fields.add("X-Content-Type-Options", "nosniff");
    head.fields.add("Content-Type", "text/plain; charset=utf-8");
    std::string text;
    http::write_response_head(text, head, {http::framing::kind::length, sentence.size()}, "close");
    return text.append(sentence);
}

/// Counts a connection out of the caps.
class admitted {
public:
    admitted(admission& door, const net::address& client) : door_(door), client_(client) {}
    admitted(const admitted&) = delete;
    ~admitted() { door_.leave(client_); }

private:
    admission& door_;
    net::address client_;
};

}  // namespace

server::server(worker_state& worker)
    : worker_(worker), accepting_(worker.loop), connections_(worker.loop), housekeeping_(worker.loop)
{
}

server::~server() = default;

void server::accept_from(std::size_t entrypoint, int socket)
{
    listeners_.push_back(std::make_unique<net::listener>(worker_.loop, socket, [this] { return worker_.shed(); }));
    accepting_.spawn("accept", accept(entrypoint, *listeners_.back()));
}

task<void> server::accept(std::size_t entrypoint, net::listener& from)
{
    while (auto client = co_await from.accept()) {
        if (admit(entrypoint, *client)) connections_.spawn("connection", serve(entrypoint, std::move(client)));
    }
}

/// Over a cap the idle go first, the longest idle before the others; where nobody is idle, the newcomer.
bool server::admit(std::size_t entrypoint, net::stream& client)
{
    using verdict = admission::verdict;
    auto entered = worker_.admission.enter(client.peer());
    if (entered == verdict::full && worker_.clients.shed_idle(1) == 1) {
        worker_.counters.add(counter::connections_shed);
        entered = worker_.admission.enter(client.peer(), true);
    }
    if (entered == verdict::admitted) return true;
    worker_.counters.add(counter::connections_refused);
    if (!worker_.settings.entrypoints[entrypoint].tls) {
        auto text = entered == verdict::full
                        ? refusal_at_the_door(503, "full", "The front door has as many connections as it may hold.\n")
                        : refusal_at_the_door(429, "too-many-connections", "This client has as many as it may.\n");
        std::string_view all = text;
        (void)client.try_write({&all, 1});
        (void)client.shutdown_write();
    }
    return false;
}

task<void> server::serve(std::size_t entrypoint, std::unique_ptr<net::stream> client)
{
    worker_.counters.add(counter::connections);
    counted open(worker_.counters, counter::connections_open);
    admitted counted_in(worker_.admission, client->peer());
    if (worker_.settings.entrypoints[entrypoint].tls) {
        auto peer = client->peer();
        std::string why;
        auto shaking = shaking_hands_.insert(shaking_hands_.end(), client.get());
        auto encrypted = co_await worker_.tls.accept(std::move(client), worker_.settings.tls_handshake, &why);
        shaking_hands_.erase(shaking);
        if (!encrypted) {
            worker_.counters.add(counter::handshakes_failed);
            log::debug("tls.handshake_failed",
                       {{"client", peer.ip()}, {"error", encrypted.error().message()}, {"why", why}});
            co_return;
        }
        client = std::move(*encrypted);
    }
    http::h1_connection connection(worker_.loop, std::move(client), worker_.limits[entrypoint], worker_.clients);
    if (draining_) connection.drain();
    http::handler handler = [this, entrypoint](http::exchange& exchange) { return answer(exchange, entrypoint); };
    co_await connection.serve(handler, [this, entrypoint](const net::stream& from, int status, error_code why) {
        note_refused(entrypoint, from, status, why);
    });
}

task<void> server::answer(http::exchange& exchange, std::size_t entrypoint)
{
    worker_.counters.add(counter::requests);
    counted open(worker_.counters, counter::requests_open);
    const auto& request = exchange.request();
    access_record record{
        .started = steady_clock::now(),
        .client = client_address(exchange.connection().peer(), request.fields, worker_.settings.trusted_proxies),
        .entrypoint = worker_.settings.entrypoints[entrypoint].name,
        .method = request.method,
        .host = request.host,
        .path = request.path,
        .protocol = request.version == http::version::http_1_0 ? "HTTP/1.0" : "HTTP/1.1",
        .tls = exchange.connection().secured().encrypted,
        .reason = {},
        .route = {},
        .service = {},
        .endpoint = {},
        .request_id = {},
        .detail = {}};
    co_await dispatch(exchange, entrypoint, record);
    if (record.status >= 200 && record.status < 600) {
        auto first = static_cast<int>(counter::responses_2xx);
        worker_.counters.add(static_cast<counter>(first + record.status / 100 - 2));
    }
}

task<void> server::dispatch(http::exchange& exchange, std::size_t entrypoint, access_record& record)
{
    const auto* found = worker_.routes.get()->match(entrypoint, exchange.request());
    auto route = found != nullptr ? *found : route_ptr();
    if (!route) {
        auto what = worker_.routes.get()->loaded() ? fault::no_route : fault::not_loaded;
        co_await tell(exchange, {what, {}}, record);
    } else {
        record.route = route->id;
        co_await answer_route(exchange, entrypoint, route, record);
    }
    write_record(record);
}

task<void> server::answer_route(http::exchange& exchange, std::size_t entrypoint, const route_ptr& route,
                                access_record& record)
{
    const auto& request = exchange.request();
    const auto& options = worker_.options_of(*route, entrypoint);
    if (!route->refusal.empty()) {
        worker_.counters.add(counter::own_errors);
        co_return co_await reply_with(exchange, verdict_of(fault::closed_route), route->refusal, record);
    }
    if (auto refused = refused_by(*route, options, exchange); refused != fault::none)
        co_return co_await tell(exchange, {refused, {}}, record);
    if (forwards_left(request).value() == 0) co_return co_await answer_last_hop(exchange, record);
    if (route->redirect_to_https) co_return co_await redirect_to_https(exchange, worker_.settings.https_port, record);
    if (!route->options.empty()) exchange.use(options);
    record.service = route->service->id;
    auto result = co_await forward(worker_, exchange, entrypoint, route, record);
    if (result.what != fault::none) co_await tell(exchange, result, record);
}

/// Says what went wrong, if the client can still be told; cuts the connection otherwise.
task<void> server::tell(http::exchange& exchange, const outcome& what, access_record& record)
{
    auto verdict = verdict_of(what.what, what.state);
    record.reason = verdict.reason;
    if (what.why) record.detail = what.why.message();
    if (verdict.status == 0 || exchange.response_started()) co_return exchange.abort();
    worker_.counters.add(counter::own_errors);
    co_await reply_with(exchange, verdict, "", record);
}

/// A message that was no request still leaves its line.
void server::note_refused(std::size_t entrypoint, const net::stream& client, int status, error_code why)
{
    worker_.counters.add(counter::requests);
    worker_.counters.add(status < 500 ? counter::responses_4xx : counter::responses_5xx);
    access_record record{};
    record.started = steady_clock::now();
    record.client = client.peer().ip();
    record.entrypoint = worker_.settings.entrypoints[entrypoint].name;
    record.tls = client.secured().encrypted;
    record.status = status;
    record.reason = "bad-request";
    record.detail = why.message();
    write_record(record);
}

void server::write_record(const access_record& record)
{
    if (worker_.access == nullptr) return;
    if (!worker_.access->push(access_log::format(record))) worker_.counters.add(counter::access_lines_dropped);
}

void server::begin_drain(time_point end, std::function<void()> done)
{
    housekeeping_.spawn("drain", drain(end, std::move(done)));
}

task<void> server::drain(time_point end, std::function<void()> done)
{
    draining_ = true;
    for (auto& each : listeners_) each->stop();
    co_await accepting_.join();
    worker_.clients.for_each([](http::h1_connection& each) { each.drain(); });
    net::event tick(worker_.loop);
    while (connections_.size() > 0 && steady_clock::now() < end) {
        co_await tick.wait_until(std::min(end, steady_clock::now() + 20ms));
    }
    // WebSockets don't end by themselves: they are told, and get a moment to say goodbye.
    for (auto* each : worker_.tunnels) each->say_goodbye();
    auto last_call = steady_clock::now() + (worker_.tunnels.empty() ? 0ms : 1000ms);
    while (!worker_.tunnels.empty() && steady_clock::now() < last_call)
        co_await tick.wait_until(steady_clock::now() + 20ms);
    if (connections_.size() > 0) log::warn("drain.cut", {{"connections", connections_.size()}});
    for (auto* each : shaking_hands_) each->close();
    worker_.clients.for_each([](http::h1_connection& each) { each.close(); });
    co_await connections_.join();
    done();
}

}  // namespace lintel::proxy
