#include "proxy/edge.hpp"

#include "base/log.hpp"
#include "model/handshake_policies.hpp"
#include "net/event.hpp"
#include "net/task_group.hpp"
#include "net/worker_thread.hpp"
#include "proxy/routing/table_builder.hpp"
#include "proxy/server.hpp"
#include "proxy/upstream/lease.hpp"
#include "proxy/upstream/prober.hpp"

#include <sys/resource.h>

namespace lintel::proxy {

using namespace std::chrono_literals;

namespace {

std::vector<named_entrypoint> named(const settings& what)
{
    std::vector<named_entrypoint> all;
    for (const auto& each : what.entrypoints) all.push_back({each.name, model::overridden(what.http, each.options)});
    return all;
}

/// A quarter of the descriptors is left for apps and for ourselves.
/// An idle connection holds up to 15 KiB and a busy one up to some 100; most are idle.
constexpr rlim_t memory_per_connection = 64 * 1024;

admission::caps caps_of(const settings& what)
{
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    auto memory = static_cast<rlim_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
    auto bearable = std::min(descriptors.rlim_cur / 4 * 3, memory / memory_per_connection);
    auto most = what.max_connections != 0 ? what.max_connections : bearable;
    auto per_client = what.max_connections_per_client != 0 ? what.max_connections_per_client : (most + 1) / 2;
    auto exempt = what.trusted_proxies;
    for (const auto& each : what.entrypoints) exempt.add(net::network_set::parse(each.proxy_protocol_from).value());
    return {most, per_client, std::move(exempt)};
}

/// One worker: its thread, its state and its server.
struct seat {
    ~seat() { thread.stop(); }

    net::worker_thread thread{"worker"};
    std::unique_ptr<worker_state> state;
    std::unique_ptr<proxy::server> server;
};

}  // namespace

struct edge::inside {
    inside(net::worker& link_loop, settings what, std::vector<listening> sockets, unique_fd access_file,
           std::function<void(link::message)> to_control)
        : home(link_loop),
          config(std::move(what)),
          listeners(std::move(sockets)),
          report(std::move(to_control)),
          door(caps_of(config)),
          builder(named(config), config.workers),
          tables(std::make_shared<route_table>()),
          certificates(std::make_shared<tls::store>()),
          probes(home, config.dns, [this](const endpoint& changed) { tell(changed); }),
          tasks(home)
    {
        if (access_file) log = std::make_unique<access_log>(std::move(access_file), config.workers);
        while (seats.size() < config.workers) seats.push_back(std::make_unique<seat>());
        auto on_suspect = [this](endpoint_ptr which) {
            home.post([this, which = std::move(which)] { suspect(which); });
        };
        auto on_starved = [this] { home.post([this] { prune_pools({}); }); };
        auto on_name = [this](std::string name) { home.post([this, name = std::move(name)] { ask_for(name); }); };
        for (std::size_t i = 0; i < seats.size(); ++i) {
            auto& each = *seats[i];
            auto* ring = log ? &log->ring(i) : nullptr;
            each.state = std::make_unique<worker_state>(each.thread.loop(), i, config, door, tables, certificates, ring,
                                                        on_suspect, on_starved, on_name);
            each.server = std::make_unique<server>(*each.state);
        }
    }

    /// What belongs to a worker goes before its loop does.
    ~inside()
    {
        for (const auto& each : seats) each->thread.stop();
        for (const auto& [id, each] : builder.endpoints()) {
            for (std::size_t i = 0; i < seats.size(); ++i) each->of(i).multiplexed.clear();
        }
    }

    void tell(const endpoint& changed)
    {
        report(link::endpoint_report{changed.id(), std::string(changed.state()), ""});
    }

    void suspect(const endpoint_ptr& which)
    {
        log::warn("endpoint.suspect", {{"endpoint", which->authority()}, {"id", which->id()}});
        tell(*which);
        probes.watch(which);
    }

    void ask_for(const std::string& name)
    {
        if (asked.is_due(name, steady_clock::now())) report(link::ask{name});
    }

    void prune_pools(duration longest_idle)
    {
        std::vector<endpoint_ptr> all;
        for (const auto& [id, each] : builder.endpoints()) all.push_back(each);
        on_all([all = std::move(all), longest_idle](seat&, std::size_t worker) {
            auto now = steady_clock::now();
            for (const auto& each : all) prune_pool(each->of(worker), now, longest_idle);
        });
    }

    /// A host has one option set, by whichever entrypoint a client comes. Where two routers disagree over that, the
    /// clients of the later one are refused: 421.
    tls::policies options_by_host(const tls::policies& previous) const
    {
        std::vector<std::string> encrypted, clear;
        for (const auto& each : config.entrypoints) (each.tls ? encrypted : clear).push_back(each.name);
        const auto& state = builder.state();
        return {state.tls_option_sets, model::tls_options_by_host(state, encrypted, clear), previous};
    }

    /// Runs `job` on every worker without waiting for it.
    void on_all(std::function<void(seat&, std::size_t)> job)
    {
        for (std::size_t i = 0; i < seats.size(); ++i) {
            seats[i]->thread.loop().post([job, &each = *seats[i], i] { job(each, i); });
        }
    }

    /// Returns when every worker has run `job`: nothing that was under way before between two of its suspensions is
    /// under way any more.
    task<void> fence(std::function<void(seat&, std::size_t)> job)
    {
        auto left = std::make_shared<std::atomic<std::size_t>>(seats.size());
        net::event passed(home);
        on_all([this, job, left, &passed](seat& each, std::size_t index) {
            job(each, index);
            if (left->fetch_sub(1) == 1) home.post([&passed] { passed.notify(); });
        });
        co_await passed.wait();
    }

    net::worker& home;
    settings config;
    std::vector<listening> listeners;
    std::function<void(link::message)> report;
    admission door;
    table_builder builder;
    table_cell tables;
    tls::store_cell certificates;
    std::unique_ptr<access_log> log;
    std::vector<std::unique_ptr<seat>> seats;
    prober probes;
    asked_names asked;
    bool accepting = false;
    net::task_group tasks;
};

edge::edge(net::worker& home, settings what, std::vector<listening> sockets, unique_fd access_file,
           std::function<void(link::message)> report)
    : inside_(std::make_unique<inside>(home, std::move(what), std::move(sockets), std::move(access_file),
                                       std::move(report)))
{
}

edge::~edge() = default;

task<std::vector<link::rejection>> edge::apply(const model::delta& step)
{
    auto& self = *inside_;
    auto change = self.builder.apply(step);
    auto old_table = self.tables.load();  // freed here, not on a worker
    auto old_store = self.certificates.load();
    self.tables.publish(change.table);
    if (change.certificates || change.tls_options || change.challenges) {
        const auto& known = old_store->certificates;
        const auto& all = self.builder.state().certificates;
        auto certificates = step.reset ? tls::certificate_store(all, known)
                                       : known.after(step.upsert.certificates, step.remove.certificates);
        auto options = change.tls_options ? self.options_by_host(old_store->options) : old_store->options;
        for (const auto& [id, why] : options.closed()) change.rejected.push_back({"tls_options", id, why});
        auto challenges = change.challenges
                              ? tls::challenge_certificates(self.builder.state().challenges, old_store->challenges)
                              : old_store->challenges;
        self.certificates.publish(
            std::make_shared<tls::store>(std::move(certificates), std::move(options), std::move(challenges)));
    }
    for (const auto& each : change.touched) {
        self.tell(*each);
        self.probes.watch(each);
    }
    co_await self.fence([&change](seat& each, std::size_t index) {
        each.state->routes.get();
        if (change.certificates) each.state->waiting_names.look_again();
        for (const auto& list : {&change.touched, &change.retired}) {
            for (const auto& which : *list) {
                if (which->draining()) leave_pool(which->of(index));
            }
        }
    });
    log::debug("snapshot.applied", {{"version", step.version}, {"rejected", change.rejected.size()}});
    co_return std::move(change.rejected);
}

void edge::use_ticket_keys(const std::vector<std::string>& newest_first)
{
    inside_->on_all([newest_first](seat& each, std::size_t) { each.state->tls.use_ticket_keys(newest_first); });
}

void edge::refuse(const std::string& name)
{
    inside_->on_all([name](seat& each, std::size_t) { each.state->waiting_names.refuse(name); });
}

void edge::accept()
{
    auto& self = *inside_;
    if (std::exchange(self.accepting, true)) return;
    self.on_all([&self](seat& each, std::size_t worker) {
        for (const auto& [entrypoint, sockets] : self.listeners) {
            for (std::size_t s = 0; s < sockets.size(); ++s) {
                bool mine = sockets.size() >= self.seats.size() ? s % self.seats.size() == worker
                                                                : worker % sockets.size() == s;
                if (mine) each.server->accept_from(entrypoint, sockets[s].get());
            }
        }
    });
}

task<void> edge::settle() { co_await inside_->probes.first_tries(steady_clock::now() + 250ms); }

task<void> edge::drain(time_point end)
{
    auto& self = *inside_;
    auto left = std::make_shared<std::atomic<std::size_t>>(self.seats.size());
    net::event drained(self.home);
    self.on_all([&self, end, left, &drained](seat& each, std::size_t) {
        auto done = [&self, left, &drained] {
            if (left->fetch_sub(1) == 1) self.home.post([&drained] { drained.notify(); });
        };
        each.server->begin_drain(end, done);
    });
    co_await drained.wait();
}

void edge::prune_pools() { inside_->prune_pools(inside_->config.pooled_idle); }

void edge::end_access_log() { inside_->log.reset(); }

link::stats edge::stats() const
{
    link::stats sum;
    for (std::size_t which = 0; which < counter_names.size(); ++which) {
        std::uint64_t total = 0;
        for (const auto& each : inside_->seats) total += each->state->counters.read(which);
        sum.counters.emplace(counter_names[which], total);
    }
    return sum;
}

std::vector<link::endpoint_report> edge::endpoints() const
{
    std::vector<link::endpoint_report> all;
    for (const auto& [id, each] : inside_->builder.endpoints()) all.push_back({id, std::string(each->state()), ""});
    return all;
}

}  // namespace lintel::proxy
