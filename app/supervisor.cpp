#include "app/supervisor.hpp"

#include "app/exit_status.hpp"
#include "app/inherited_sockets.hpp"
#include "app/messages.hpp"
#include "app/rights.hpp"
#include "app/state_folder.hpp"
#include "base/file.hpp"
#include "net/child.hpp"
#include "net/listener.hpp"
#include "net/signals.hpp"
#include "net/task_group.hpp"

#include <fcntl.h>
#include <csignal>

namespace lintel::app {

using namespace std::chrono_literals;

namespace {

/// Everything that outlives the children.
struct possessions {
    unique_fd lock;
    std::vector<std::vector<unique_fd>> entrypoints;
    unique_fd link, admin, access_log;
    start_message start;
};

checked<unique_fd> open_access_log(const std::string& path)
{
    if (path == "off") return unique_fd();
    unique_fd file(path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                               : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    if (!file) {
        auto why = error_code(errno, boost::system::system_category()).message();
        return std::unexpected(problem{path, "can't open the access log: " + why});
    }
    return file;
}

checked<void> bind_entrypoints(const settings& parsed, possessions& have)
{
    auto inherited = take_inherited_sockets();
    // One socket per CPU, as long as one message can hand all of them to the edge.
    auto cpus = static_cast<std::size_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    auto sockets = std::clamp<std::size_t>((net::channel::limit_descriptors - 1) / parsed.entrypoints.size(), 1, cpus);
    for (auto each : parsed.entrypoints) {
        auto given = inherited.find(each.name);
        auto where = net::parse_host_port(each.address);
        if (!where) return std::unexpected(problem{each.name, where.error().what});
        auto bound = given != inherited.end() ? std::move(given->second) : net::bind_entrypoint(*where, sockets);
        if (!bound) return std::unexpected(problem{"entrypoint " + each.name, bound.error().what});
        if (auto address = net::bound_address(bound->front().get())) each.address = address->to_string();
        have.start.entrypoints.push_back(each);
        have.start.sockets.push_back(bound->size());
        have.entrypoints.push_back(std::move(*bound));
    }
    return {};
}

/// What glibc keeps of freed memory per thread and size: a TLS handshake frees more of one size than the seven that it
/// would keep, and goes through the lock of the heap for the others. Read by the children as they start.
void keep_more_freed_memory() { ::setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=64", 0); }

checked<possessions> take_possession(const chosen_settings& chosen, const settings& parsed)
{
    possessions have;
    raise_descriptor_limit();
    keep_more_freed_memory();
    auto edge = edge_identity(parsed.edge_user);
    if (!edge) return std::unexpected(edge.error());
    auto lock = take_state_folder(parsed.state);
    if (!lock) return std::unexpected(lock.error());
    auto log = open_access_log(parsed.access_log);
    if (!log) return std::unexpected(log.error());
    if (auto bound = bind_entrypoints(parsed, have); !bound) return std::unexpected(bound.error());

    auto folder = edge_folder(parsed.state);
    auto made = file::make_folder(folder, 0700);
    bool owned = made && (!edge->change || ::chown(folder.c_str(), edge->uid, edge->gid) == 0);
    if (!owned) return std::unexpected(problem{folder.string(), "can't make the edge's folder"});
    auto link = net::bind_unix(folder / link_socket, edge->change ? static_cast<int>(edge->uid) : -1);
    if (!link) return std::unexpected(link.error());
    auto admin = net::bind_unix(admin_socket(parsed.state));
    if (!admin) return std::unexpected(admin.error());

    have.lock = std::move(*lock);
    have.access_log = std::move(*log);
    have.link = std::move(*link);
    have.admin = std::move(*admin);
    have.start.settings = settings_for_control(chosen);
    have.start.edge_uid = edge->uid;
    have.start.edge_gid = edge->gid;
    have.start.drop_rights = edge->change;
    have.start.supervisor = ::getpid();
    have.start.has_access_log = static_cast<bool>(have.access_log);
    return have;
}

/// Keeps one role running.
class keeper {
public:
    keeper(net::worker& home, std::string role, std::function<void(net::channel&)> first_words,
           std::function<void(std::string_view)> on_message)
        : home_(home),
          role_(std::move(role)),
          first_words_(std::move(first_words)),
          on_message_(std::move(on_message)),
          pause_(home)
    {
    }

    /// Starts the role, and again whenever it ends: at once the first time, then with back-off. Until stopping.
    task<void> run()
    {
        duration back_off{};
        while (!stopping_) {
            auto started = steady_clock::now();
            auto ending = co_await run_once();
            if (stopping_) break;
            log::error("role.died", {{"which", role_}, {"how", ending.text}, {"times", ++deaths_}});
            if (steady_clock::now() - started > settled) back_off = {};
            if (back_off > duration{}) co_await pause_.wait_until(steady_clock::now() + back_off);
            back_off = std::clamp<duration>(back_off * 2, 100ms, 5s);
        }
    }

    void stop(std::string_view message, int signal)
    {
        stopping_ = true;
        pause_.notify();
        if (!child_) return;
        if (!message.empty()) (void)child_->line().send(message);
        if (signal != 0) child_->send_signal(signal);
    }

    bool running() const { return child_ != nullptr; }

    void kill() { stop("", SIGKILL); }

private:
    task<net::child::ending> run_once()
    {
        try {
            child_ = std::make_unique<net::child>(home_, std::vector<std::string>{"lintel", role_});
        } catch (const std::exception& failure) {
            co_return net::child::ending{false, std::string("not started: ") + failure.what()};
        }
        log::debug("role.started", {{"which", role_}, {"pid", child_->pid()}});
        first_words_(child_->line());
        net::task_group listening(home_);
        listening.spawn("channel", listen());
        auto ending = co_await child_->wait();
        listening.stop();
        co_await listening.join();
        child_.reset();
        co_return ending;
    }

    task<void> listen()
    {
        while (auto message = co_await child_->line().receive()) on_message_(message->text);
    }

    static constexpr duration settled = 10s;  ///< who lived longer than this died for the first time

    net::worker& home_;
    std::string role_;
    std::function<void(net::channel&)> first_words_;
    std::function<void(std::string_view)> on_message_;
    std::unique_ptr<net::child> child_;
    net::event pause_;
    bool stopping_ = false;
    int deaths_ = 0;
};

class supervisor {
public:
    supervisor(possessions have, const settings& parsed, int ready_fd)
        : have_(std::move(have)),
          drain_timeout_(parsed.drain_timeout),
          ready_line_(encode_ready_line(have_.start.entrypoints,
                                        std::filesystem::absolute(admin_socket(parsed.state)).string())),
          ready_fd_(ready_fd),
          edge_(
              home_, "edge", [this](auto& line) { brief_edge(line); }, [this](auto text) { hear_edge(text); }),
          control_(home_, "control", [this](auto& line) { brief_control(line); }, [](auto) {})
    {
    }

    int run()
    {
        home_.complete(run_all());
        return forced_ ? exit_status::failure : exit_status::success;
    }

private:
    task<void> run_all()
    {
        net::signals stop_signals(home_, {SIGTERM, SIGINT});
        net::task_group tasks(home_);
        tasks.spawn("signals", heed(stop_signals, tasks));
        co_await tasks.alongside(run_roles());
    }

    /// Edge first: it must be through with its requests before control, whose deltas they may wait for, goes.
    task<void> run_roles()
    {
        net::task_group roles(home_);
        roles.spawn("control", control_.run());
        roles.spawn("edge", run_edge());
        co_await roles.join();
    }

    task<void> run_edge()
    {
        co_await edge_.run();
        control_.stop(encode_drain({}), 0);
        net::event pause(home_);
        for (auto end = steady_clock::now() + 1s; control_.running() && steady_clock::now() < end;) {
            co_await pause.wait_until(steady_clock::now() + 10ms);
        }
        control_.kill();  // stopped or stuck: it has nothing to lose
    }

    task<void> heed(net::signals& signals, net::task_group& tasks)
    {
        co_await signals.next();
        log::info("stopping", {{"drain_timeout", drain_timeout_ / 1s}});
        edge_.stop(encode_drain(drain_timeout_), 0);
        tasks.spawn("drain limit", limit_drain());
        co_await signals.next();
        stop_now("a second signal");
    }

    /// The edge keeps to the drain timeout by itself; one that is stuck doesn't.
    task<void> limit_drain()
    {
        net::event never(home_);
        auto limit = steady_clock::now() + drain_timeout_ + 5s;
        co_await never.wait_until(limit);
        if (steady_clock::now() >= limit) stop_now("the edge did not end in time");
    }

    void stop_now(std::string_view why)
    {
        log::warn("stopping.now", {{"why", why}});
        forced_ = true;
        edge_.kill();
        control_.kill();
    }

    void brief_edge(net::channel& line)
    {
        std::vector<int> descriptors;
        for (const auto& sockets : have_.entrypoints) {
            for (const auto& each : sockets) descriptors.push_back(each.get());
        }
        if (have_.access_log) descriptors.push_back(have_.access_log.get());
        brief(line, settings_for_edge(have_.start.settings), descriptors);
    }

    void brief_control(net::channel& line)
    {
        std::array descriptors{have_.link.get(), have_.admin.get()};
        brief(line, have_.start.settings, descriptors);
    }

    void brief(net::channel& line, chosen_settings settings, std::span<const int> descriptors)
    {
        auto start = have_.start;
        start.settings = std::move(settings);
        auto sent = line.send(encode(start), descriptors);
        if (!sent) log::error("role.not_briefed", {{"why", sent.error().message()}});
    }

    void hear_edge(std::string_view text)
    {
        if (text != ready_message) return;
        for (const auto& each : have_.start.entrypoints) {
            if (!announced_)
                log::info("serving", {{"entrypoint", each.name}, {"address", each.address}, {"tls", each.tls}});
        }
        announced_ = true;
        if (ready_fd_ < 0) return;
        bool written = ::write(ready_fd_, ready_line_.data(), ready_line_.size()) > 0;
        if (!written) log::warn("ready_fd.unwritable");
        ::close(std::exchange(ready_fd_, -1));
    }

    net::worker home_;
    possessions have_;
    duration drain_timeout_;
    std::string ready_line_;
    int ready_fd_;
    bool announced_ = false, forced_ = false;
    keeper edge_, control_;
};

}  // namespace

int supervise(const chosen_settings& chosen, const settings& parsed, int ready_fd)
{
    auto have = take_possession(chosen, parsed);
    if (!have) {
        log::error("not_started", {{"where", have.error().where}, {"why", have.error().what}});
        return exit_status::failure;
    }
    if (ready_fd >= 0) ::fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
    return supervisor(std::move(*have), parsed, ready_fd).run();
}

}  // namespace lintel::app
