#include "proxy/forward.hpp"

#include "http/grpc.hpp"
#include "net/error.hpp"
#include "proxy/forward_fields.hpp"
#include "proxy/own_reply.hpp"
#include "proxy/relay.hpp"
#include "proxy/route_policy.hpp"
#include "proxy/upstream/lease.hpp"

namespace lintel::proxy {

namespace {

/// A whole short body in memory, so that it can be sent again and no endpoint waits for a slow client.
task<result<std::string>> collect(http::body_source& body)
{
    std::string all;
    all.reserve(body.length().value_or(0));
    for (;;) {
        auto piece = co_await body.read();
        if (piece.what == http::body_piece::kind::reset) co_return piece.why;
        if (piece.what == http::body_piece::kind::end) co_return all;
        all += piece.bytes;
    }
}

/// Bytes that count against a bound while this lives.
class held_bytes {
public:
    held_bytes(std::size_t& all, std::size_t mine) : all_(all), mine_(mine) { all_ += mine_; }
    held_bytes(const held_bytes&) = delete;
    ~held_bytes() { all_ -= mine_; }

private:
    std::size_t& all_;
    std::size_t mine_;
};

class forwarding {
public:
    forwarding(worker_state& worker, http::exchange& client, std::size_t entrypoint, route_ptr route,
               access_record& record)
        : worker_(worker),
          client_(client),
          entrypoint_(entrypoint),
          route_(std::move(route)),
          record_(record),
          request_(client, worker, record.client),
          watch_(worker.loop, client)
    {
        // A timeout that can't be read is the app's to judge.
        const auto* timeout = grpc_ ? client.request().fields.find("grpc-timeout") : nullptr;
        auto limit = timeout != nullptr ? http::parse_grpc_timeout(timeout->value) : std::nullopt;
        if (limit) watch_.expires_at(began_ + *limit);
        if (worker_.access != nullptr) record_.request_id = request_.request_id();
    }

    task<outcome> run()
    {
        worker_.retries.on_request();
        if (grpc_) client_.expect_pauses();
        auto length = client_.body().length().value_or(0);
        bool short_one = length > 0 && length <= worker_.settings.collected_body_bytes;
        if (short_one && worker_.collected_bytes + length <= most_collected_bytes) return collect_first();
        if (!client_.body().complete() && !shares_connections()) return wait_first();
        return attempts();
    }

private:
    task<outcome> collect_first()
    {
        counted_bytes_.emplace(worker_.collected_bytes, *client_.body().length());
        auto collected = co_await collect(client_.body());
        if (!collected) co_return outcome{fault_of_body(collected.error()), collected.error()};
        collected_ = std::move(*collected);
        if (auto ended = co_await match_again()) co_return *ended;
        co_return co_await attempts();
    }

    task<outcome> wait_first()
    {
        place_ = co_await wait_for_place();
        if (!place_) co_return outcome{fault::busy, {}};
        if (auto ended = co_await match_again()) co_return *ended;
        co_return co_await attempts();
    }

    /// A body that streams to such a service holds no connection of its own, and calls of gRPC last as long as they
    /// like.
    bool shares_connections() const { return grpc_ || route_->service->scheme == model::scheme::h2c; }

    /// A body that streams holds an endpoint for as long as the client takes: only so many at a time.
    task<upload_slots::place> wait_for_place()
    {
        turns_ = route_->service->turns;
        auto most = std::max<std::size_t>(1, worker_.settings.max_uploads_per_service / worker_.settings.workers);
        net::event woken(worker_.loop);
        auto end = steady_clock::now() + options().connect_timeout;
        co_return co_await turns_->positions[worker_.index].uploads.take(woken, most, end);
    }

    const model::http_options& options() const { return worker_.options_of(*route_, entrypoint_); }

    task<outcome> attempts()
    {
        const auto& service = *route_->service;
        outcome last{fault::no_endpoint, {}};
        last.state = service.why_none();
        // An app that is told to stop may close idle connections at once, and we hear of it a little later: what can't
        // be repeated gets a new connection to the newest endpoint, as long as such requests are few.
        auto now = worker_.loop.time();
        bool careful = !replayable() && service.turns->positions[worker_.index].careful.take(now);
        auto demanded = careful ? freshness::new_only : replayable() ? freshness::any_pooled : freshness::recently_used;
        for (;;) {
            auto target =
                careful ? service.choose_newest(worker_.index, avoid_, now) : service.choose(worker_.index, avoid_);
            if (!target)
                co_return last.state.empty() ? last
                                             : outcome{.what = fault::no_endpoint, .why = {}, .state = last.state};
            last = co_await one_attempt(target, demanded);
            if (!may_try_again(last)) co_return last;
            worker_.counters.add(counter::replays);
            // A connection that died in the pool says nothing against its endpoint: the next try is a new connection,
            // to the same one if there is no other.
            demanded = freshness::new_only;
            // One that is leaving, or full, may do once more: on another connection.
            bool asked_enough = last.unprocessed ? std::exchange(refused_once_, true) : !last.pooled;
            if (asked_enough || never_reached(last.what)) avoid_.push_back(target.get());
            keep_.push_back(std::move(target));
        }
    }

    task<outcome> one_attempt(endpoint_ptr target, freshness demanded)
    {
        ++record_.attempts;
        record_.detail.clear();
        if (worker_.access != nullptr) record_.endpoint = target->authority();
        lease held(worker_, target, manner());
        if (!held.take_pooled(demanded)) {
            auto connected = co_await connect(held);
            if (!connected) co_return not_connected(held, target, connected.error());
            // Connecting took time: an endpoint that was told to stop meanwhile gets no new request.
            if (target->draining() || !held.has_call())
                co_return outcome{.what = fault::connect_refused, .why = {}, .state = "draining"};
        }
        request_.address_to(*target, route_->service->pass_host, options().path_as_is);
        worker_.counters.add(counter::upstream_requests);
        http::memory_body whole(collected_);
        auto& body = collected_.empty() ? client_.body() : whole;
        bool encrypted = client_.connection().secured().encrypted;
        std::string_view strict = encrypted ? route_->strict_transport_security : std::string_view();
        sent_request request{request_.head(), body, request_.not_forwarded(), options(), place_, strict, grpc_};
        auto result = co_await relay(worker_, client_, watch_, held, request, record_);
        result.sent = true;
        result.pooled = held.pooled();
        result.unprocessed = result.unprocessed || (held.call().unprocessed() && body_is_whole());
        note(*target, result);
        if (result.what == fault::none) held.give_back();
        co_return result;
    }

    task<result<void>> connect(lease& held)
    {
        client_watch::breaking on_departure(watch_, [&held] { held.abort(); });
        if (watch_.over() != fault::none) co_return net::errc::aborted;
        co_return co_await held.connect(options().connect_timeout);
    }

    outcome not_connected(const lease& held, const endpoint_ptr& target, error_code why)
    {
        if (watch_.over() != fault::none) return {watch_.over(), why};
        if (held.failed_in_tls()) return no_tls(held, *target, why);
        auto what = fault_of_connect(why);
        if (held.found_no_room()) return {what, why};
        if (what != fault::exhausted && target->set_reachable(false)) worker_.suspect(target);
        return {what, why};
    }

    /// The endpoint takes connections: a probe would find nothing wrong with it, and it may do for other services.
    outcome no_tls(const lease& held, endpoint& target, error_code why)
    {
        bool silent = why == net::errc::timed_out;
        if (silent) target.failed_to_answer(steady_clock::now());
        record_.detail = held.tls_problem();
        return {silent ? fault::connect_timeout : fault::upstream_tls, {}};
    }

    manner_of_speaking manner() const
    {
        const auto& service = *route_->service;
        return {service.scheme, service.security, request_.is_websocket(), proxy_header()};
    }

    /// What the service's endpoints are told of the client's connection; empty where they don't ask for it.
    std::string proxy_header() const
    {
        const auto& version = route_->service->proxy_header;
        if (!version) return {};
        return net::write_proxy_header(*version, {client_.connection().peer(), client_.connection().local()});
    }

    /// A pooled connection that died says nothing against its endpoint.
    static void note(endpoint& target, const outcome& result)
    {
        if (result.response_begun) return target.answered();
        if (result.unprocessed) return;  // it said so, and that is an answer
        bool silent = result.what == fault::no_answer || (result.what == fault::upstream_closed && !result.pooled);
        if (silent) target.failed_to_answer(steady_clock::now());
    }

    /// All of the request can be sent again, and doing so does no harm (RFC 9110 §9.2.2).
    bool replayable() const { return client_.request().is_idempotent() && body_is_whole(); }
    bool body_is_whole() const { return !collected_.empty() || client_.body().length() == 0; }

    bool may_try_again(const outcome& last)
    {
        if (client_.response_started() || last.response_begun || watch_.over() != fault::none) return false;
        auto longest = options().retry_timeout;
        if (longest > duration{} && steady_clock::now() - began_ >= longest) return false;
        if (last.unprocessed) return avoid_.size() < most_attempts;
        if (!last.sent && never_reached(last.what)) return avoid_.size() < most_attempts;  // the body is untouched
        bool died = last.what == fault::upstream_closed || last.what == fault::upstream_tls;
        if (!died || !replayable()) return false;
        if (last.pooled) return ++died_in_pool_ <= most_attempts;
        return avoid_.size() < most_attempts && worker_.retries.take(steady_clock::now());
    }

    /// The request waited: what was true when it was matched may not be true any more. What is left to tell, where it
    /// must not go on.
    task<std::optional<outcome>> match_again()
    {
        const auto* now = worker_.routes.get()->match(entrypoint_, client_.request());
        if (now == nullptr) co_return outcome{fault::no_route, {}};
        if (*now == route_) co_return std::nullopt;
        const auto& secured = client_.connection().secured();
        bool other_terms = (*now)->tls_options != route_->tls_options || !worker_.tls.still_demands(secured);
        if (other_terms && secured.encrypted) co_return outcome{fault::misdirected, {}};
        route_ = *now;
        if (route_->service && route_->refusal.empty()) {
            client_.use(options());
            auto refused = refused_by(*route_, options(), client_);
            if (refused != fault::none) co_return outcome{refused, {}};
            co_return std::nullopt;
        }
        if (auto own = answer_itself(*route_, worker_, client_, record_)) co_await std::move(*own);
        co_return outcome{};
    }

    static constexpr std::size_t most_attempts = 5;
    static constexpr std::size_t most_collected_bytes = 16 * 1024 * 1024;  ///< by one worker; others stream

    worker_state& worker_;
    http::exchange& client_;
    std::size_t entrypoint_;
    route_ptr route_;
    access_record& record_;
    forwarded_request request_;
    bool grpc_ = http::asks_by_grpc(client_.request());
    client_watch watch_;
    time_point began_ = worker_.loop.time();
    std::optional<held_bytes> counted_bytes_;
    std::string collected_;
    std::shared_ptr<rotation> turns_;  ///< of the service whose upload slot is held
    upload_slots::place place_;
    std::size_t died_in_pool_ = 0;  ///< connections that were taken from there
    bool refused_once_ = false;     ///< by an upstream that did nothing with the request
    std::vector<const endpoint*> avoid_;
    std::vector<endpoint_ptr> keep_;  ///< so that the addresses in `avoid_` stay theirs
};

}  // namespace

task<outcome> forward(worker_state& worker, http::exchange& client, std::size_t entrypoint, route_ptr route,
                      access_record& record)
{
    forwarding one(worker, client, entrypoint, std::move(route), record);
    co_return co_await one.run();
}

}  // namespace lintel::proxy
