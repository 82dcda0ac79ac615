#include "proxy/server.hpp"

#include "base/log.hpp"
#include "http/h1_writer.hpp"
#include "net/peeked_stream.hpp"
#include "proxy/forward.hpp"
#include "proxy/forward_fields.hpp"
#include "proxy/own_reply.hpp"
#include "proxy/route_policy.hpp"
#include "proxy/tcp_connection.hpp"

namespace lintel::proxy {

using namespace std::chrono_literals;

namespace {

constexpr duration farewell = 1s;  ///< how long a client may take to begin when we are about to end

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

/// An answer of our own is no fault.
task<outcome> settled(task<void> replying)
{
    co_await std::move(replying);
    co_return outcome{};
}

}  // namespace

/// Counts a connection out of the caps.
class admitted {
public:
    admitted(admission& door, const net::address& client) : door_(door), client_(door.guest(client)) {}
    admitted(const admitted&) = delete;
    ~admitted() { door_.leave(client_); }

    /// False: this client has as many as it may.
    bool stands_for(const net::address& client) { return door_.rename(client_, client); }

private:
    admission& door_;
    admission::guest_id client_;
};

server::server(worker_state& worker)
    : worker_(worker), accepting_(worker.loop), connections_(worker.loop), housekeeping_(worker.loop)
{
    for (std::size_t i = 0; i < worker_.settings.entrypoints.size(); ++i) {
        doors_.push_back(
            {[this, i](http::exchange& exchange) { return answer(exchange, i); },
             [this, i](const net::stream& from, int status, error_code why) { note_refused(i, from, status, why); },
             [this, i](const net::stream& from, http::h2_attack how, bool ends) { note_attack(i, from, how, ends); }});
    }
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
    auto end = steady_clock::now() + worker_.settings.tls_handshake;  // of all that comes ahead of the first request
    if (is_open_question(worker_, entrypoint, client->peer())) {
        client = co_await find_out(entrypoint, std::move(client), end, counted_in);
        if (!client) co_return;
    }
    if (worker_.settings.entrypoints[entrypoint].tls) {
        client = co_await shake_hands(std::move(client), end);
        if (!client) co_return;
    }
    if (client->secured().protocol == "h2" || (worker_.limits[entrypoint].options.h2c && !client->secured().encrypted &&
                                               co_await speaks_h2(entrypoint, client)))
        co_return co_await serve_h2(entrypoint, std::move(client));
    std::unique_ptr<http::h1_connection::tunnel> tunnel;
    {
        http::h1_connection connection(worker_.loop, std::move(client), worker_.limits[entrypoint], worker_.clients);
        if (draining_) connection.drain();
        co_await connection.serve(doors_[entrypoint].answer, doors_[entrypoint].refused);
        tunnel = connection.take_tunnel();
    }
    if (tunnel) co_await tunnel->keeper(std::move(tunnel->client));
}

/// In clear text a client that knows begins with the preface (RFC 9113 §3.3). What it doesn't begin with is HTTP/1's.
task<bool> server::speaks_h2(std::size_t entrypoint, std::unique_ptr<net::stream>& client)
{
    auto made = std::make_unique<net::peeked_stream>(worker_.loop, std::move(client));
    auto& peeked = *made;
    client = std::move(made);
    listed here(undecided_, peeked);
    auto patience = draining_ ? farewell : worker_.limits[entrypoint].options.head_timeout;
    peeked.expires_at(net::direction::read, steady_clock::now() + patience);
    for (;;) {
        auto size = std::min(peeked.peeked().size(), http::h2_preface.size());
        if (peeked.peeked().substr(0, size) != http::h2_preface.substr(0, size)) co_return false;
        if (size == http::h2_preface.size()) co_return true;
        if (!co_await peeked.peek_more()) co_return false;
    }
}

task<void> server::serve_h2(std::size_t entrypoint, std::unique_ptr<net::stream> client)
{
    http::h2_connection connection(worker_.loop, std::move(client), worker_.limits[entrypoint], worker_.clients);
    if (draining_) connection.drain();
    co_await connection.serve(doors_[entrypoint]);
}

/// Whose connection it is, and whether a TCP router takes it. Null: one did, or it is over. Apart from serve(), whose
/// frame lives as long as the connection.
task<std::unique_ptr<net::stream>> server::find_out(std::size_t entrypoint, std::unique_ptr<net::stream> client,
                                                    time_point end, admitted& counted_in)
{
    auto arrived = co_await receive(worker_, entrypoint, std::move(client), end, shaking_hands_);
    if (!arrived.client) co_return nullptr;
    if (!counted_in.stands_for(arrived.client->peer())) {
        worker_.counters.add(counter::connections_refused);
        co_return nullptr;
    }
    if (arrived.asks_challenge) {
        (void)co_await shake_hands(std::move(arrived.client), end);
        co_return nullptr;
    }
    if (!arrived.route) co_return std::move(arrived.client);
    co_await pass_on(entrypoint, std::move(arrived), end);
    co_return nullptr;
}

/// What a TCP router takes. `end`: of the handshake, if there is one.
task<void> server::pass_on(std::size_t entrypoint, arrival from, time_point end)
{
    const auto& route = *from.route;
    if (route.security == model::tcp_security::ended && route.refusal.empty()) {
        from.client = co_await shake_hands(std::move(from.client), end);
        if (!from.client) co_return;
        // Both go by the same name; where they don't agree all the same, nobody gets past the router's terms.
        if (from.client->secured().tls_options != route.tls_options) {
            log::warn("tcp.other_terms", {{"route", route.id}, {"agreed", from.client->secured().tls_options}});
            co_return;
        }
    }
    tcp_connection taken(worker_, entrypoint, std::move(from));
    co_await taken.run();
}

/// Null: it failed, or was all that the client wanted (RFC 8737 §3).
task<std::unique_ptr<net::stream>> server::shake_hands(std::unique_ptr<net::stream> client, time_point end)
{
    auto peer = client->peer();
    std::string why;
    listed here(shaking_hands_, *client);
    auto encrypted = co_await worker_.tls.accept(std::move(client), end - steady_clock::now(), &why);
    if (encrypted && (*encrypted)->secured().protocol == tls::challenge_protocol) {
        log::debug("tls.challenge_shown", {{"client", peer.ip()}, {"name", (*encrypted)->secured().server_name}});
        (*encrypted)->close();
        co_return nullptr;
    }
    if (encrypted) co_return std::move(*encrypted);
    bool full = encrypted.error() == tls::errc::too_many_handshakes;
    worker_.counters.add(full ? counter::connections_refused : counter::handshakes_failed);
    log::debug("tls.handshake_failed", {{"client", peer.ip()}, {"error", encrypted.error().message()}, {"why", why}});
    co_return nullptr;
}

task<void> server::answer(http::exchange& exchange, std::size_t entrypoint)
{
    worker_.counters.add(counter::requests);
    counted open(worker_.counters, counter::requests_open);
    const auto& request = exchange.request();
    access_record record{
        .started = worker_.loop.time(),
        .client = client_address(exchange.connection().peer(), request.fields, worker_.settings.trusted_proxies),
        .entrypoint = worker_.settings.entrypoints[entrypoint].name,
        .method = request.method,
        .host = request.host,
        .path = request.path,
        .protocol = http::name_of(request.version),
        .tls = exchange.connection().secured().encrypted,
        .reason = {},
        .route = {},
        .service = {},
        .endpoint = {},
        .request_id = {},
        .detail = {}};
    const auto& table = *worker_.routes.get();
    const auto* shown = table.challenge_answer(request);
    const auto* found = shown == nullptr ? table.match(entrypoint, request) : nullptr;
    auto route = found != nullptr ? *found : route_ptr();
    outcome result{table.loaded() ? fault::no_route : fault::not_loaded, {}};
    if (shown != nullptr) {
        result = co_await settled(answer_challenge(exchange, *shown, record));
    } else if (route) {
        record.route = route->id;
        result = co_await answer_route(exchange, entrypoint, route, record);
    }
    if (result.what != fault::none) co_await tell(exchange, result, record);
    if (!record.goes_on) worker_.write(record);
    if (record.status >= 200 && record.status < 600) {
        auto first = static_cast<int>(counter::responses_2xx);
        worker_.counters.add(static_cast<counter>(first + record.status / 100 - 2));
    }
}

/// RFC 9110 §15.5.20: what the handshake was held to holds for the name that it was made for, and its certificate for
/// the names in it. No other host may be reached that way.
bool server::belongs_here(const route& matched, const net::stream::security& agreed, std::string_view host) const
{
    if (matched.tls_options != agreed.tls_options || !worker_.tls.still_demands(agreed)) return false;
    return host == agreed.server_name || worker_.tls.covers(agreed.server_name, host);
}

/// What is left to tell the client, if anything.
now_or_later<outcome> server::answer_route(http::exchange& exchange, std::size_t entrypoint, const route_ptr& route,
                                           access_record& record)
{
    const auto& request = exchange.request();
    const auto& options = worker_.options_of(*route, entrypoint);
    const auto& secured = exchange.connection().secured();
    if (secured.encrypted && !belongs_here(*route, secured, request.host)) return outcome{fault::misdirected, {}};
    if (route->refusal.empty()) {
        if (auto refused = refused_by(*route, options, exchange); refused != fault::none) return outcome{refused, {}};
        if (forwards_left(request).value() == 0) return settled(answer_last_hop(exchange, record));
    }
    if (auto own = answer_itself(*route, worker_, exchange, record)) return settled(std::move(*own));
    if (!route->options.empty()) exchange.use(options);
    record.service = route->service->id;
    return forward(worker_, exchange, entrypoint, route, record);
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

/// What only attackers do, or clients that are broken: `ends`: their connection ends for it, else one request did.
void server::note_attack(std::size_t entrypoint, const net::stream& client, http::h2_attack how, bool ends)
{
    worker_.counters.add(counter_of(how));
    if (!ends) return;
    log::warn("h2.attack", {{"attack", http::name_of(how)},
                            {"client", client.peer().ip()},
                            {"entrypoint", worker_.settings.entrypoints[entrypoint].name}});
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
    worker_.write(record);
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
    for (auto* each : undecided_) each->expires_at(net::direction::read, steady_clock::now() + farewell);
    worker_.clients.for_each([](http::client_connection& each) { each.drain(); });
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
    worker_.waiting_names.give_up();
    for (auto* each : shaking_hands_) each->close();
    for (auto* each : undecided_) each->close();
    worker_.clients.for_each([](http::client_connection& each) { each.close(); });
    for (auto* each : worker_.tunnels) each->cut();
    for (auto* each : worker_.tcp_connections) each->cut();
    co_await connections_.join();
    done();
}

}  // namespace lintel::proxy
