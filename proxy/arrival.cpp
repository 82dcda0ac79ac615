#include "proxy/arrival.hpp"

#include "base/log.hpp"
#include "net/error.hpp"
#include "net/peeked_stream.hpp"
#include "net/proxy_protocol.hpp"
#include "proxy/worker_state.hpp"
#include "tls/client_hello.hpp"

namespace lintel::proxy {

namespace {

class reading {
public:
    reading(worker_state& worker, std::size_t entrypoint, net::peeked_stream& client, time_point end)
        : worker_(worker), entrypoint_(entrypoint), client_(client), end_(end)
    {
    }

    /// False: the connection is to be cut.
    task<bool> run(arrival& found)
    {
        const auto& here = worker_.settings.entrypoints[entrypoint_];
        bool shakes_hands = here.tls || worker_.routes.get()->tcp().asks_for_name(entrypoint_);
        auto head_end = steady_clock::now() + worker_.limits[entrypoint_].options.head_timeout;
        client_.expires_at(net::direction::read, shakes_hands ? end_ : head_end);
        if (worker_.must_introduce(entrypoint_, client_.peer()) && !co_await read_proxy_header()) co_return false;
        if (worker_.routes.get()->tcp().has_any(entrypoint_) && !co_await find_route(found)) co_return false;
        client_.expires_at(net::direction::read, time_point::max());
        co_return true;
    }

private:
    task<bool> read_proxy_header()
    {
        using state = net::proxy_header::state;
        for (;;) {
            auto header = net::read_proxy_header(client_.peeked());
            if (header.what == state::whole) {
                client_.skip(header.size_bytes);
                if (header.ends) client_.stand_for({header.ends->source, header.ends->destination});
                co_return true;
            }
            bool hopeless = header.what != state::need_more;
            if (hopeless || client_.peeked().size() >= net::proxy_header_limit_bytes) {
                log::warn("proxy_protocol.missing", {{"entrypoint", worker_.settings.entrypoints[entrypoint_].name},
                                                     {"peer", client_.peer().ip()},
                                                     {"malformed", header.what == state::malformed}});
                co_return false;
            }
            if (!co_await client_.peek_more()) co_return false;
        }
    }

    /// Without routers that go by names nothing is read: many protocols let the server speak first.
    task<bool> find_route(arrival& found)
    {
        if (!worker_.routes.get()->tcp().asks_for_name(entrypoint_)) {
            take(found, worker_.routes.get()->tcp().clear(entrypoint_));
            co_return true;
        }
        client_.expires_at(net::direction::read, end_);
        auto read = co_await read_hello();
        auto table = worker_.routes.get();  // as it is now
        if (read.what == tls::hello_reading::verdict::complete) {
            found.asks_challenge = worker_.tls.answers_challenge(read.hello.protocols, read.hello.server_name);
            if (found.asks_challenge) co_return true;
            auto is_http = [&](std::string_view name) { return table->speaks_for(entrypoint_, name); };
            take(found, table->tcp().match(entrypoint_, read.hello.server_name, is_http));
            found.server_name = std::move(read.hello.server_name);
            co_return true;
        }
        if (read.what == tls::hello_reading::verdict::not_tls) take(found, table->tcp().clear(entrypoint_));
        co_return read.what == tls::hello_reading::verdict::not_tls;
    }

    /// `need_more`: it didn't come.
    task<tls::hello_reading> read_hello()
    {
        tls::client_hello_reader reader;
        for (;;) {
            auto read = reader.read(client_.peeked());
            if (read.what != tls::hello_reading::verdict::need_more) co_return read;
            auto more = co_await client_.peek_more();
            if (more) continue;
            log::debug("tls.no_client_hello", {{"client", client_.peer().ip()}, {"error", more.error().message()}});
            co_return read;
        }
    }

    static void take(arrival& found, const tcp_route_ptr* route)
    {
        if (route != nullptr) found.route = *route;
    }

    worker_state& worker_;
    std::size_t entrypoint_;
    net::peeked_stream& client_;
    time_point end_;  ///< of the handshake
};

}  // namespace

bool is_open_question(worker_state& worker, std::size_t entrypoint, const net::address& peer)
{
    return worker.routes.get()->tcp().has_any(entrypoint) || worker.must_introduce(entrypoint, peer);
}

task<arrival> receive(worker_state& worker, std::size_t entrypoint, std::unique_ptr<net::stream> client, time_point end,
                      std::list<net::stream*>& looked_at)
{
    arrival found;
    const auto& settings = worker.settings;
    bool reads =
        worker.must_introduce(entrypoint, client->peer()) || worker.routes.get()->tcp().asks_for_name(entrypoint);
    if (reads && looked_at.size() >= std::max<std::size_t>(1, settings.max_handshakes / settings.workers)) {
        worker.counters.add(counter::connections_refused);
        co_return found;
    }
    auto peeked = std::make_unique<net::peeked_stream>(worker.loop, std::move(client));
    listed here(looked_at, *peeked);
    reading one(worker, entrypoint, *peeked, end);
    if (co_await one.run(found))
        found.client = std::move(peeked);
    else
        worker.counters.add(counter::handshakes_failed);
    co_return found;
}

}  // namespace lintel::proxy
