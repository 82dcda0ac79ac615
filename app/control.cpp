#include "app/control.hpp"

#include "acme/certificates.hpp"
#include "admin/server.hpp"
#include "app/edge_board.hpp"
#include "app/exit_status.hpp"
#include "app/messages.hpp"
#include "app/rights.hpp"
#include "discovery/carry_over.hpp"
#include "discovery/engine_provider.hpp"
#include "discovery/file_provider.hpp"
#include "http/fetch.hpp"
#include "link/publisher.hpp"
#include "net/child.hpp"
#include "net/signals.hpp"
#include "net/task_group.hpp"
#include "store/last_good.hpp"

#include <csignal>

#include <unistd.h>

namespace lintel::app {

using namespace std::chrono_literals;

namespace {

constexpr duration patience_for_sources = 10s;  ///< then what is known is published without those that said nothing
constexpr duration patience_for_edge = 2s;      ///< to take the last good snapshot, before sources are read
constexpr duration certificates_pause = 500ms;  ///< between two looks at what waited for certificates
constexpr duration save_pause = 1s;             ///< the last good snapshot is written at most that often
constexpr duration certificate_check = 1h;

/// Sources → catalogue → merge → certificates → publisher → edge. Built in floor order.
class control {
public:
    control(net::worker& home, const start_message& start, const settings& parsed, std::vector<unique_fd> sockets)
        : home_(home),
          settings_(parsed),
          entrypoints_(start.entrypoints),
          fetcher_(home),
          catalogue_([this] { news_.notify(); }),
          news_(home),
          unsaved_(home),
          edge_news_(home),
          certificate_news_(home),
          publisher_(
              home, sockets.at(0).get(), start.edge_uid, [this] { take_edge_change(); },
              [this](const std::string& name) { certificates_->ask(name); }),
          board_(home, publisher_),
          certificates_(open_certificates()),
          api_(home, sockets.at(1).get(),
               {catalogue_, publisher_, entrypoints_, problems_, *certificates_, start.supervisor, wall_clock::now()}),
          tasks_(home)
    {
    }

    void start()
    {
        // A starting edge gets the last good snapshot before any source has answered.
        if (auto good = store::load_last_good(settings_.state)) {
            log::info("last_good.loaded", {{"routers", good->routers.size()}, {"endpoints", good->endpoints.size()}});
            last_good_ = std::move(*good);
            auto step = model::routing_difference({}, last_good_);
            certificates_->put_files(last_good_.certificates);
            certificates_->add_changes(step);
            publisher_.publish(std::move(step), link::publisher::standing::provisional);
        }
        announce_sources();
        tasks_.spawn("sources", start_sources());
        tasks_.spawn("refresh", refresh());
        tasks_.spawn("save", save());
        tasks_.spawn("certificates", certificates_->run());
        tasks_.spawn("follow", follow_certificates());
        tasks_.spawn("renew", renew());
        tasks_.spawn("link", publisher_.run());
        tasks_.spawn("admin", api_.run());
    }

private:
    /// Certificates on their way to the workers.
    struct delivery {
        std::uint64_t version;
        std::size_t count;
        time_point stored;
    };

    std::unique_ptr<acme::certificates> open_certificates()
    {
        acme::certificates::parts parts{.home = home_,
                                        .fetcher = fetcher_,
                                        .board = board_,
                                        .entrypoints = entrypoints_,
                                        .settings = settings_.certificates,
                                        .on_served = [this] { publish_certificates(); },
                                        .on_wanted = [this] { news_.notify(); },
                                        .on_refused = [this](const std::string& name) { publisher_.refuse(name); }};
        auto opened = acme::certificates::open(settings_.state, std::move(parts));
        if (opened) return std::move(*opened);
        throw std::runtime_error(opened.error().where + ": " + opened.error().what);
    }

    void announce_sources()
    {
        if (!settings_.routes.empty()) catalogue_.set_state("file", {});
        if (!settings_.engine_socket.empty()) catalogue_.set_state("docker", {});
    }

    /// The last good snapshot goes first: reading thousands of files keeps this thread for seconds.
    task<void> start_sources()
    {
        auto patience = steady_clock::now() + patience_for_edge;
        while (publisher_.version() > 0 && !edge_serves() && steady_clock::now() < patience)
            co_await edge_news_.wait_until(patience);
        if (!settings_.routes.empty()) {
            files_ = std::make_unique<discovery::file_provider>(home_, settings_.routes, catalogue_);
            tasks_.spawn("files", files_->run());
        }
        if (!settings_.engine_socket.empty()) {
            discovery::engine_settings how{settings_.engine_socket, settings_.network, settings_.exposed_by_default};
            engine_ = std::make_unique<discovery::engine_provider>(home_, fetcher_, how, catalogue_);
            tasks_.spawn("engine", engine_->run());
        }
    }

    bool edge_serves() const
    {
        const auto& edge = publisher_.edge();
        return edge.connected && (edge.serving || edge.applied > 0);
    }

    /// Whatever changed since the last look goes out as one step.
    task<void> refresh()
    {
        auto patience = steady_clock::now() + patience_for_sources;
        while (!catalogue_.settled() && steady_clock::now() < patience) co_await news_.wait_until(patience);
        for (;;) {
            publish();
            co_await news_.wait();
        }
    }

    void publish()
    {
        auto merged = discovery::merge(catalogue_.fragments(), entrypoints_, publisher_.current());
        problems_ = std::move(merged.problems);
        engine_answered_ = engine_answered_ || is_available("docker");
        acme::router_terms terms{std::move(merged.certificate_terms), std::move(merged.tcp_certificate_terms)};
        certificates_->want(merged.desired, terms, wall_clock::now());
        discovery::carry_over(merged.desired, last_good_, catalogue_, engine_answered_);
        for (auto& each : model::remove_oversized(merged.desired)) problems_.push_back(std::move(each));
        certificates_->put_files(std::move(merged.desired.certificates));
        certificates_->bridge(merged.desired, wall_clock::now());
        auto step = model::routing_difference(publisher_.current(), merged.desired);
        certificates_->add_changes(step);
        auto before = publisher_.version();
        bool lasting = is_lasting(step);
        auto version = publisher_.publish(std::move(step));
        if (lasting) lasting_version_ = version;
        if (version != before) log::debug("snapshot.published", {{"version", version}});
        if (!publisher_.edge().connected) certificates_->save();
    }

    /// They go out at once; whatever waited for them (redirects, wants) is looked at afterwards.
    void publish_certificates()
    {
        auto stored = steady_clock::now();
        model::delta step;
        certificates_->add_changes(step);
        auto count = step.upsert.certificates.size();
        auto version = publisher_.publish(std::move(step));
        if (count > 0) deliveries_.push_back({version, count, stored});
        certificate_news_.notify();
    }

    /// Many may come within a second: one look for all that come while the last one is fresh.
    task<void> follow_certificates()
    {
        net::event pause(home_);
        for (;;) {
            co_await certificate_news_.wait();
            news_.notify();
            co_await pause.wait_until(steady_clock::now() + certificates_pause);
        }
    }

    /// Says how long new certificates took to every worker.
    void note_deliveries()
    {
        const auto& edge = publisher_.edge();
        std::erase_if(deliveries_, [&](const delivery& each) {
            if (!edge.connected || edge.applied < each.version) return false;
            auto taken = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - each.stored);
            log::info("certificate.live", {{"count", each.count}, {"after_us", taken.count()}});
            return true;
        });
    }

    /// Whether the last good snapshot holds something of it.
    static bool is_lasting(const model::delta& step)
    {
        auto routing = step;
        routing.upsert.certificates.clear();
        auto of_file = [](const auto& each) { return !each.second.chain_file.empty(); };
        return !routing.empty() || std::ranges::any_of(step.upsert.certificates, of_file);
    }

    bool is_available(const std::string& provider) const
    {
        auto known = catalogue_.providers().find(provider);
        return known != catalogue_.providers().end() && known->second.available;
    }

    /// What the edge acked without a complaint is good.
    void take_edge_change()
    {
        board_.look();
        note_deliveries();
        edge_news_.notify();
        const auto& edge = publisher_.edge();
        bool good = edge.connected && edge.applied == publisher_.version() && edge.rejected.empty();
        if (good && (edge.applied != good_version_ || saved_version_ < lasting_version_)) {
            good_version_ = edge.applied;
            unsaved_.notify();
        }
    }

    task<void> save()
    {
        net::event pause(home_);
        for (;;) {
            co_await unsaved_.wait();
            certificates_->save();
            bool stale = saved_version_ < lasting_version_;
            if (stale && catalogue_.settled() && publisher_.edge().applied == publisher_.version()) {
                saved_version_ = publisher_.version();
                auto saved = store::save_last_good(settings_.state, publisher_.current());
                if (!saved) log::error("last_good.not_saved", {{"why", saved.error().message()}});
            }
            co_await pause.wait_until(steady_clock::now() + save_pause);
        }
    }

    task<void> renew()
    {
        net::event pause(home_);
        for (;;) {
            co_await pause.wait_until(steady_clock::now() + certificate_check);
            news_.notify();
        }
    }

    net::worker& home_;
    settings settings_;
    std::vector<model::entrypoint> entrypoints_;
    std::vector<problem> problems_;
    model::snapshot last_good_;  ///< of the run before, for sources that are silent in this one
    bool engine_answered_ = false;
    http::fetcher fetcher_;
    discovery::catalogue catalogue_;
    net::event news_, unsaved_, edge_news_, certificate_news_;
    std::vector<delivery> deliveries_;
    std::uint64_t lasting_version_ = 0, good_version_ = 0, saved_version_ = 0;
    link::publisher publisher_;
    edge_board board_;
    std::unique_ptr<acme::certificates> certificates_;
    admin::server api_;
    std::unique_ptr<discovery::file_provider> files_;
    std::unique_ptr<discovery::engine_provider> engine_;
    net::task_group tasks_;
};

/// The process: reads its first words, builds control, ends with the supervisor.
class control_process {
public:
    explicit control_process(net::worker& home)
        : home_(home), line_(home, unique_fd(net::child_channel)), signals_(home, {SIGTERM, SIGINT}), tasks_(home)
    {
    }

    void start()
    {
        tasks_.spawn("control", run_or_end());
        tasks_.spawn("signals", heed_signals());
    }

private:
    /// A control that can't do its work must not look alive: the supervisor starts another one.
    task<void> run_or_end()
    {
        try {
            co_await run();
        } catch (const std::exception& failure) {
            log::error("control.failed", {{"why", failure.what()}});
            std::_Exit(exit_status::failure);
        }
    }

    task<void> run()
    {
        auto first = co_await line_.receive();
        auto start = first ? decode_start(first->text) : std::nullopt;
        auto parsed = start ? build(start->settings) : std::unexpected(std::vector<problem>());
        if (!parsed) throw std::runtime_error("the supervisor said nothing that can be understood");
        log::set_up("control", parsed->log_level, parsed->log_format);
        end_with(static_cast<pid_t>(start->supervisor));
        control_ = std::make_unique<control>(home_, *start, *parsed, std::move(first->descriptors));
        control_->start();
        co_await line_.receive();  // any word of the supervisor's, or its end, is the end
        end();
    }

    task<void> heed_signals()
    {
        // Who signals the whole group ends the edge first: the supervisor says when control may go.
        auto supervisor = ::getppid();
        while (::getppid() == supervisor) co_await signals_.next();
        end();
    }

    /// State is written whole or not at all: there is nothing to say goodbye to.
    static void end() { std::_Exit(exit_status::success); }

    net::worker& home_;
    net::channel line_;
    net::signals signals_;
    std::unique_ptr<control> control_;
    net::task_group tasks_;
};

}  // namespace

int run_control()
{
    give_way();
    net::worker home;
    control_process process(home);
    process.start();
    home.run();
    return exit_status::failure;
}

}  // namespace lintel::app
