#include "app/edge.hpp"

#include "app/exit_status.hpp"
#include "app/messages.hpp"
#include "app/rights.hpp"
#include "app/state_folder.hpp"
#include "base/crypto.hpp"
#include "base/file.hpp"
#include "link/subscriber.hpp"
#include "model/json.hpp"
#include "net/child.hpp"
#include "net/listener.hpp"
#include "net/signals.hpp"
#include "net/task_group.hpp"
#include "proxy/edge.hpp"
#include "store/last_good.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <csignal>

namespace lintel::app {

using namespace std::chrono_literals;

namespace {

constexpr duration patience_for_snapshot = 10s;  ///< after this the edge serves, and says that it knows no routes
constexpr duration orphan_drain = 2s;            ///< when the supervisor is gone

proxy::settings edge_settings(const settings& parsed, const std::vector<model::entrypoint>& bound)
{
    auto result = parsed.edge;
    result.entrypoints = bound;
    for (const auto& each : bound) {
        auto address = net::parse_host_port(each.address);
        if (each.name == "https" && address)
            result.https_port = each.public_port != 0 ? each.public_port : address->port;
    }
    return result;
}

/// The descriptors of the start message, told apart.
struct inherited {
    std::vector<proxy::listening> sockets;
    unique_fd access_log;
};

inherited sort_descriptors(const start_message& start, std::vector<unique_fd> descriptors)
{
    inherited have;
    auto next = descriptors.begin();
    for (std::size_t entrypoint = 0; entrypoint < start.sockets.size(); ++entrypoint) {
        proxy::listening one{entrypoint, {}};
        for (std::size_t i = 0; i < start.sockets[entrypoint] && next != descriptors.end(); ++i) {
            one.sockets.push_back(std::move(*next++));
        }
        have.sockets.push_back(std::move(one));
    }
    if (start.has_access_log && next != descriptors.end()) have.access_log = std::move(*next);
    return have;
}

/// The edge process under a supervisor.
class supervised_edge {
public:
    explicit supervised_edge(net::worker& home)
        : home_(home),
          line_(home, unique_fd(net::child_channel)),
          signals_(home, {SIGTERM, SIGINT}),
          id_(crypto::random_hex(8)),
          tasks_(home)
    {
    }

    void start() { tasks_.spawn("edge", run_or_end()); }

private:
    /// An edge that can't do its work must not look alive: the supervisor starts another one.
    task<void> run_or_end()
    {
        try {
            co_await run();
        } catch (const std::exception& failure) {
            log::error("edge.failed", {{"why", failure.what()}});
            std::_Exit(exit_status::failure);
        }
    }

    task<void> run()
    {
        auto first = co_await line_.receive();
        auto start = first ? decode_start(first->text) : std::nullopt;
        auto parsed = start ? build(start->settings) : std::unexpected(std::vector<problem>());
        if (!parsed) throw std::runtime_error("the supervisor said nothing that can be understood");
        become(*start, *parsed);
        auto have = sort_descriptors(*start, std::move(first->descriptors));
        supervisor_ = static_cast<pid_t>(start->supervisor);
        drain_timeout_ = parsed->drain_timeout;
        auto report = [this](link::message what) {
            if (link_) link_->report(std::move(what));
        };
        edge_ = std::make_unique<proxy::edge>(home_, edge_settings(*parsed, start->entrypoints),
                                              std::move(have.sockets), std::move(have.access_log), report);
        link_ = std::make_unique<link::subscriber>(home_, link_socket, id_, callbacks());
        tasks_.spawn("link", link_->run());
        tasks_.spawn("first snapshot", give_up_waiting());
        tasks_.spawn("second hand", tick());
        tasks_.spawn("signals", heed_signals());
        co_await heed_supervisor();
    }

    /// Into the working folder first, which only the edge's user may enter, then off with all rights.
    static void become(const start_message& start, const settings& parsed)
    {
        log::set_up("edge", parsed.log_level, parsed.log_format);
        if (::chdir(edge_folder(parsed.state).c_str()) != 0) throw std::runtime_error("can't enter the edge's folder");
        drop_rights({start.edge_uid, start.edge_gid, start.drop_rights});
        end_with(static_cast<pid_t>(start.supervisor));
    }

    link::subscriber::callbacks callbacks()
    {
        return {.apply = [this](const model::delta& step) { return apply(step); },
                .use_ticket_keys =
                    [this](const std::vector<std::string>& newest_first) { edge_->use_ticket_keys(newest_first); },
                .refuse = [this](const std::string& name) { edge_->refuse(name); },
                .endpoints = [this] { return edge_->endpoints(); }};
    }

    task<std::vector<link::rejection>> apply(const model::delta& step)
    {
        auto rejected = co_await edge_->apply(step);
        if (!serving_) {
            co_await edge_->settle();
            serve();
        }
        co_return rejected;
    }

    void serve()
    {
        if (std::exchange(serving_, true)) return;
        edge_->accept();
        (void)line_.send(ready_message);
    }

    task<void> give_up_waiting()
    {
        net::event never(home_);
        co_await never.wait_until(steady_clock::now() + patience_for_snapshot);
        if (!serving_) log::warn("snapshot.missing", {{"then", "answering 503 until control sends one"}});
        serve();
    }

    task<void> tick()
    {
        net::event never(home_);
        for (;;) {
            co_await never.wait_until(steady_clock::now() + 1s);
            link_->report(edge_->stats());
            edge_->prune_pools();
        }
    }

    task<void> heed_signals()
    {
        co_await signals_.next();
        begin_drain(::getppid() == supervisor_ ? drain_timeout_ : orphan_drain);
    }

    task<void> heed_supervisor()
    {
        while (auto message = co_await line_.receive()) {
            if (auto limit = decode_drain(message->text)) begin_drain(*limit);
        }
        begin_drain(orphan_drain);
    }

    void begin_drain(duration limit)
    {
        if (!std::exchange(draining_, true)) tasks_.spawn("drain", drain(limit));
    }

    task<void> drain(duration limit)
    {
        if (!serving_) edge_->accept();  // what is queued was promised an answer
        co_await edge_->drain(steady_clock::now() + limit);
        link_->report(edge_->stats());
        edge_->end_access_log();
        std::_Exit(exit_status::success);  // nothing is open any more; the kernel does the rest
    }

    net::worker& home_;
    net::channel line_;
    net::signals signals_;
    std::string id_;
    pid_t supervisor_ = 0;
    duration drain_timeout_{};
    std::unique_ptr<proxy::edge> edge_;
    std::unique_ptr<link::subscriber> link_;
    bool serving_ = false, draining_ = false;
    net::task_group tasks_;
};

checked<model::delta> read_snapshot(const std::string& path)
{
    auto text = file::read(path);
    if (!text) return std::unexpected(problem{path, "can't be read: " + text.error().message()});
    model::delta step;
    auto whole = model::decode(*text, step);
    if (!whole) return std::unexpected(problem{path, whole.error().what});
    step.reset = true;
    store::read_certificate_files(step.upsert);
    return step;
}

class lone_edge {
public:
    lone_edge(net::worker& home, const settings& parsed, int ready_fd)
        : home_(home), parsed_(parsed), ready_fd_(ready_fd), signals_(home, {SIGTERM, SIGINT}), tasks_(home)
    {
    }

    checked<void> bind()
    {
        bound_ = parsed_.entrypoints;
        for (std::size_t i = 0; i < bound_.size(); ++i) {
            auto where = net::parse_host_port(bound_[i].address);
            auto sockets = net::bind_entrypoint(*where, parsed_.edge.workers);
            if (!sockets) return std::unexpected(problem{"entrypoint " + bound_[i].name, sockets.error().what});
            if (auto address = net::bound_address(sockets->front().get())) bound_[i].address = address->to_string();
            sockets_.push_back({i, std::move(*sockets)});
        }
        return {};
    }

    void start(model::delta snapshot) { tasks_.spawn("edge", run(std::move(snapshot))); }

private:
    task<void> run(model::delta snapshot)
    {
        unique_fd log_file;
        if (parsed_.access_log != "off") {
            log_file.reset(parsed_.access_log == "-"
                               ? ::dup(STDOUT_FILENO)
                               : ::open(parsed_.access_log.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0640));
        }
        proxy::edge edge(home_, edge_settings(parsed_, bound_), std::move(sockets_), std::move(log_file), [](auto) {});
        for (const auto& each : co_await edge.apply(snapshot)) {
            log::error("snapshot.rejected", {{"kind", each.kind}, {"id", each.id}, {"why", each.why}});
        }
        co_await edge.settle();
        edge.accept();
        auto line = encode_ready_line(bound_, "");
        if (ready_fd_ >= 0 && ::write(ready_fd_, line.data(), line.size()) < 0) log::warn("ready_fd.unwritable");
        for (const auto& each : bound_) log::info("serving", {{"entrypoint", each.name}, {"address", each.address}});
        co_await signals_.next();
        co_await edge.drain(steady_clock::now() + parsed_.drain_timeout);
        edge.end_access_log();
        std::_Exit(exit_status::success);
    }

    net::worker& home_;
    settings parsed_;
    int ready_fd_;
    net::signals signals_;
    std::vector<model::entrypoint> bound_;
    std::vector<proxy::listening> sockets_;
    net::task_group tasks_;
};

}  // namespace

int run_edge()
{
    net::worker home;
    supervised_edge edge(home);
    edge.start();
    home.run();
    return exit_status::failure;
}

int run_lone_edge(const settings& parsed, const std::string& snapshot_file, int ready_fd)
{
    auto snapshot = read_snapshot(snapshot_file);
    raise_descriptor_limit();
    net::worker home;
    lone_edge edge(home, parsed, ready_fd);
    auto bound = snapshot ? edge.bind() : std::unexpected(snapshot.error());
    if (!bound) {
        log::error("not_started", {{"where", bound.error().where}, {"why", bound.error().what}});
        return exit_status::failure;
    }
    edge.start(std::move(*snapshot));
    home.run();
    return exit_status::failure;
}

}  // namespace lintel::app
