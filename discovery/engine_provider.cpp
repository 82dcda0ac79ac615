#include "discovery/engine_provider.hpp"

#include "base/log.hpp"
#include "discovery/container_book.hpp"
#include "discovery/engine_client.hpp"
#include "discovery/labels.hpp"
#include "net/event.hpp"
#include "net/task_group.hpp"

namespace lintel::discovery {

using namespace std::chrono_literals;

namespace {

constexpr auto list_every = 60s;
constexpr auto heartbeat_every = 10s;
constexpr int misses_allowed = 2;
constexpr auto retry_inspect_after = 1s;
constexpr duration first_back_off = 100ms;
constexpr duration longest_back_off = 5s;

/// Now, as /events?since= wants it: what happens while the stream is being opened comes over it too.
std::string now_for_events()
{
    auto now = wall_clock::now().time_since_epoch();
    auto fraction = std::to_string((now % 1s) / 1ns);
    fraction.insert(0, 9 - fraction.size(), '0');
    return std::to_string(now / 1s) + '.' + fraction;
}

}  // namespace

/// A session is one connection's life: facts about the engine, its event stream, its heartbeat, and the lists and
/// inspections that keep the book. What is known of containers outlives sessions.
class engine_provider::state {
public:
    state(net::event_loop& home, http::fetcher& fetcher, engine_settings settings, catalogue& into)
        : into_(into),
          socket_(settings.socket),
          client_(fetcher, socket_),
          book_(std::move(settings), into),
          home_(home),
          session_over_(home),
          book_idle_(home),
          drains_changed_(home),
          session_(home),
          drains_(home)
    {
        into_.set_state("docker", {false, false, "asking the engine at " + socket_, {}});
    }

    task<void> follow();
    task<void> end();

private:
    task<void> session();
    task<void> follow_events(std::string since);
    task<void> watch_heartbeat();
    task<void> list_now_and_then();
    task<checked<void>> list();
    task<void> inspect(std::string id);
    task<void> borrow_network(container& what);
    task<void> look_again_later(std::string id);
    task<void> undrain();
    task<void> pause(duration how_long);

    void on_event(std::string_view line);
    void inspect_what_waits();
    void close_session(std::string why);
    void say_available();
    void say_away(const std::string& why);

    catalogue& into_;
    std::string socket_;
    engine_client client_;
    container_book book_;
    engine_facts engine_;
    std::map<std::string, problem> failures_;  ///< by container: inspections that failed
    std::string said_;                         ///< what into_ knows of us
    bool following_ = false;                   ///< a session is open
    bool listed_ = false;                      ///< in this session, all containers were read at least once
    std::string why_over_;

    net::event_loop& home_;
    net::event session_over_;
    net::event book_idle_;
    net::event drains_changed_;
    net::task_group session_;  // these two last: their tasks use every member above
    net::task_group drains_;
};

task<void> engine_provider::state::follow()
{
    drains_.spawn("engine.drains", undrain());
    for (auto back_off = first_back_off;; back_off = std::min(back_off * 2, longest_back_off)) {
        auto began = steady_clock::now();
        co_await session();
        if (steady_clock::now() - began > longest_back_off) back_off = first_back_off;
        co_await pause(back_off);
    }
}

/// Ends everything that follow() has started; also when follow() was cancelled in the middle.
task<void> engine_provider::state::end()
{
    following_ = false;
    for (auto* group : {&session_, &drains_}) {
        group->stop();
        co_await group->join();
    }
}

task<void> engine_provider::state::session()
{
    auto engine = co_await client_.connect();
    if (!engine) co_return say_away(engine.error().what);
    engine_ = std::move(*engine);
    following_ = true;
    listed_ = false;
    why_over_.clear();
    session_.spawn("engine.events", follow_events(now_for_events()));
    session_.spawn("engine.heartbeat", watch_heartbeat());
    session_.spawn("engine.list", list_now_and_then());
    co_await session_over_.wait();
    following_ = listed_ = false;
    session_.stop();
    co_await session_.join();
    book_.forget_inspections();
    failures_.clear();
    say_away(why_over_);
}

void engine_provider::state::close_session(std::string why)
{
    if (!following_ || !why_over_.empty()) return;
    why_over_ = std::move(why);
    session_over_.notify();
}

task<void> engine_provider::state::follow_events(std::string since)
{
    line_splitter lines;
    auto on_line = [this](std::string_view line) { on_event(line); };
    std::function<void(std::string_view)> on_data = [&](std::string_view bytes) { lines.feed(bytes, on_line); };
    auto ended = co_await client_.follow_events(std::move(since), std::move(on_data));
    close_session(ended.what);
}

void engine_provider::state::on_event(std::string_view line)
{
    auto event = read_event(line);
    if (!event) return;
    book_.on_event(*event, steady_clock::now());
    drains_changed_.notify();
    inspect_what_waits();
    if (listed_) say_available();
}

task<void> engine_provider::state::watch_heartbeat()
{
    for (int misses = 0; misses < misses_allowed;) {
        co_await pause(heartbeat_every);
        bool answered = co_await client_.answers();
        misses = answered ? 0 : misses + 1;
    }
    close_session("the engine at " + socket_ + " accepts connections and doesn't answer; restart it");
}

task<void> engine_provider::state::list_now_and_then()
{
    for (;;) {
        auto done = co_await list();
        if (!done) co_return close_session(done.error().what);
        if (!std::exchange(listed_, true)) {
            log::info("engine.followed",
                      {{"engine", engine_.name}, {"version", engine_.version}, {"api", engine_.api}});
        }
        say_available();
        co_await pause(list_every);
    }
}

/// Looks at every container that is listed or known, and returns when it has.
task<checked<void>> engine_provider::state::list()
{
    auto all = co_await client_.list();
    if (!all) co_return std::unexpected(all.error());
    for (const auto& [id, labels] : *all) {
        if (has_routing_labels(labels)) book_.look_at(id);
    }
    book_.look_at_all();
    inspect_what_waits();
    while (!book_.idle()) co_await book_idle_.wait();
    co_return checked<void>();
}

void engine_provider::state::inspect_what_waits()
{
    if (!following_) return;
    while (auto id = book_.take_next()) session_.spawn("engine.inspect", inspect(std::move(*id)));
    if (book_.idle()) book_idle_.notify();
}

task<void> engine_provider::state::inspect(std::string id)
{
    auto answer = co_await client_.inspect(id);
    if (answer && *answer) co_await borrow_network(**answer);
    if (!following_) co_return;
    if (answer) {
        failures_.erase(id);
        book_.inspected(id, *answer);
    } else {
        log::warn("container.unread", {{"container", id}, {"why", answer.error().what}});
        failures_.insert_or_assign(
            id, problem{"container " + id.substr(0, 12), answer.error().what + "; it is asked for again"});
        book_.failed(id);
        session_.spawn("engine.retry", look_again_later(id));
    }
    inspect_what_waits();
    if (listed_) say_available();
}

/// A container in network mode "container:<id>" has the other one's addresses.
task<void> engine_provider::state::borrow_network(container& what)
{
    auto id = network_owner(what);
    if (id.empty()) co_return;
    auto owner = co_await client_.inspect(id);
    if (owner && *owner) {
        what.networks = (*owner)->networks;
        if ((*owner)->network_mode == "host") what.networks = {{"host", "127.0.0.1", ""}};
    } else {
        what.unreachable = "it shares the network of container " + id.substr(0, 12) + ", which is gone; create it anew";
    }
}

task<void> engine_provider::state::look_again_later(std::string id)
{
    co_await pause(retry_inspect_after);
    book_.look_at(id);
    inspect_what_waits();
}

/// Takes back drains whose container lives on.
task<void> engine_provider::state::undrain()
{
    for (;;) {
        co_await drains_changed_.wait_until(book_.next_undrain());
        book_.undrain(steady_clock::now());
    }
}

task<void> engine_provider::state::pause(duration how_long)
{
    net::event never(home_);
    co_await never.wait_until(steady_clock::now() + how_long);
}

void engine_provider::state::say_available()
{
    auto count = book_.size();
    auto detail = engine_.name + ' ' + engine_.version + ", API " + engine_.api + ", " + std::to_string(count) +
                  (count == 1 ? " container" : " containers");
    provider_state now{true, true, detail, {}};
    for (const auto& [id, failure] : failures_) now.problems.push_back(failure);
    auto saying = detail + '\n' + std::to_string(failures_.size());
    if (std::exchange(said_, saying) == saying) return;
    into_.set_state("docker", std::move(now));
}

void engine_provider::state::say_away(const std::string& why)
{
    if (std::exchange(said_, why) == why) return;
    log::warn("engine.away", {{"why", why}});
    into_.set_state("docker", {true, false, why, {}});
}

engine_provider::engine_provider(net::event_loop& home, http::fetcher& fetcher, engine_settings settings,
                                 catalogue& into)
    : state_(std::make_unique<state>(home, fetcher, std::move(settings), into))
{
}

engine_provider::~engine_provider() = default;

task<void> engine_provider::run()
{
    std::exception_ptr cancelled;
    try {
        co_await state_->follow();
    } catch (...) {
        cancelled = std::current_exception();
    }
    co_await net::heed_cancellation(false);  // the farewell waits for tasks to end
    co_await state_->end();
    if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace lintel::discovery
