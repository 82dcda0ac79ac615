// lego's exec contract: a program of the owner's changes the zone.

#include "acme/dns_challenge.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "net/event.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace lintel::acme {

namespace {

constexpr std::size_t tail_limit_bytes = 500;

/// Wakes whoever waits for `what`.
class bell final : public net::event_source {
public:
    explicit bell(net::event& what) : what_(what) {}
    void happened(unsigned) override { what_.notify(); }

private:
    net::event& what_;
};

/// How a program is started: stdin and stdout are /dev/null, no other descriptor but stderr, a process group of its own
/// so that it can be ended with all that it started.
class start_rules {
public:
    explicit start_rules(int errors)
    {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_addopen(&files_, 1, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_adddup2(&files_, errors, 2);
        ::posix_spawn_file_actions_addclosefrom_np(&files_, 3);
        sigset_t none, pipe;
        sigemptyset(&none);
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        ::posix_spawnattr_init(&manner_);
        ::posix_spawnattr_setsigmask(&manner_, &none);
        ::posix_spawnattr_setsigdefault(&manner_, &pipe);
        ::posix_spawnattr_setpgroup(&manner_, 0);
        ::posix_spawnattr_setflags(&manner_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~start_rules()
    {
        ::posix_spawn_file_actions_destroy(&files_);
        ::posix_spawnattr_destroy(&manner_);
    }
    start_rules(const start_rules&) = delete;

    /// 0, or an errno.
    int start(pid_t& pid, const std::vector<std::string>& arguments) const
    {
        std::vector<char*> raw;
        for (const auto& each : arguments) raw.push_back(const_cast<char*>(each.c_str()));
        raw.push_back(nullptr);
        return ::posix_spawnp(&pid, raw.front(), &files_, &manner_, raw.data(), environ);
    }

private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t manner_{};
};

/// One run of a program. Where this goes before it has ended, it is killed.
class program_run {
public:
    explicit program_run(net::worker& home) : home_(home), changed_(home), bell_(changed_) {}
    ~program_run()
    {
        for (const auto* each : {&errors_, &process_}) {
            if (*each) home_.forget(each->get());
        }
        if (pid_ == 0) return;
        end();
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    program_run(const program_run&) = delete;

    /// 0, or an errno.
    int start(const std::vector<std::string>& arguments)
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
        errors_.reset(ends[0]);
        unique_fd theirs(ends[1]);
        if (::fcntl(errors_.get(), F_SETFL, O_NONBLOCK) != 0) return errno;
        pid_t pid = 0;
        if (int failure = start_rules(theirs.get()).start(pid, arguments); failure != 0) return failure;
        pid_ = pid;
        process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (!process_) return errno;
        for (const auto* each : {&errors_, &process_}) {
            if (auto on = home_.watch(each->get(), EPOLLIN | EPOLLET, bell_); !on) return on.error().value();
        }
        return 0;
    }

    /// Its status as waitpid(2) has it. At `limit` it is killed.
    task<int> wait(time_point limit)
    {
        int status = 0;
        for (;;) {
            listen();
            if (::waitpid(pid_, &status, WNOHANG) == pid_) break;
            if (!co_await changed_.wait_until(limit) && steady_clock::now() >= limit) {
                end();
                limit = time_point::max();
            }
        }
        pid_ = 0;
        listen();
        co_return status;
    }

    /// The last that it said on stderr, in one line.
    std::string said() const
    {
        auto line = std::string(text::trim(tail_));
        while (line.ends_with('\n')) line.pop_back();
        std::ranges::replace(line, '\n', ' ');
        return text::printable(line, tail_limit_bytes);
    }

private:
    void end() const { ::kill(-pid_, SIGKILL); }

    void listen()
    {
        std::array<char, 4096> some;
        for (;;) {
            auto count = ::read(errors_.get(), some.data(), some.size());
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return;
            tail_.append(some.data(), static_cast<std::size_t>(count));
            if (tail_.size() > tail_limit_bytes) tail_.erase(0, tail_.size() - tail_limit_bytes);
        }
    }

    net::worker& home_;
    net::event changed_;
    bell bell_;
    unique_fd errors_, process_;
    pid_t pid_ = 0;  ///< 0: not running
    std::string tail_;
};

/// Empty: it went well.
std::string ending(int status, bool late, duration limit)
{
    if (late) {
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
        return "was ended because it took longer than " + std::to_string(seconds) + " s";
    }
    if (WIFSIGNALED(status)) return std::string("was ended by the signal ") + ::strsignal(WTERMSIG(status));
    if (auto code = WEXITSTATUS(status); code != 0) return "failed with exit status " + std::to_string(code);
    return "";
}

class exec_writer final : public dns_writer {
public:
    exec_writer(net::worker& home, std::string program, duration limit)
        : home_(home), program_(std::move(program)), limit_(limit)
    {
    }

    task<checked<void>> present(std::string record, std::string value) override
    {
        return run("present", std::move(record), std::move(value));
    }
    task<checked<void>> clean_up(std::string record, std::string value) override
    {
        return run("cleanup", std::move(record), std::move(value));
    }

private:
    task<checked<void>> run(std::string action, std::string record, std::string value)
    {
        auto end = steady_clock::now() + limit_;
        std::vector<std::string> arguments{program_, action, record + ".", value};
        program_run running(home_);
        if (int failure = running.start(arguments); failure != 0)
            co_return std::unexpected(problem{program_, std::string("it does not start: ") + std::strerror(failure)});
        auto status = co_await running.wait(end);
        bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        auto how = ending(status, killed && steady_clock::now() >= end, limit_);
        if (how.empty()) co_return checked<void>();
        auto said = running.said();
        auto what = "\"" + action + "\" for " + record + " " + how + (said.empty() ? "" : ": " + said);
        co_return std::unexpected(problem{program_, std::move(what)});
    }

    net::worker& home_;
    std::string program_;
    duration limit_;
};

}  // namespace

std::unique_ptr<dns_writer> make_exec_writer(net::worker& home, std::string program, duration limit)
{
    return std::make_unique<exec_writer>(home, std::move(program), limit);
}

}  // namespace lintel::acme
