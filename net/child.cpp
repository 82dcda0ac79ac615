#include "net/child.hpp"

#include "net/readiness.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lintel::net {

namespace {

[[noreturn]] void become(const std::vector<char*>& arguments, int channel_end)
{
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (channel_end == child_channel) {
        ::fcntl(channel_end, F_SETFD, 0);
    } else {
        ::dup2(channel_end, child_channel);
    }
    ::close_range(child_channel + 1, ~0U, 0);
    ::execv("/proc/self/exe", arguments.data());
    ::_exit(127);
}

pid_t start(const std::vector<std::string>& arguments, int channel_end)
{
    std::vector<char*> raw;
    for (const auto& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
    raw.push_back(nullptr);
    auto pid = ::fork();
    if (pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (pid == 0) become(raw, channel_end);
    return pid;
}

unique_fd open_pid(pid_t pid) { return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, O_NONBLOCK))); }

}  // namespace

class child::watched {
public:
    watched(worker& home, pid_t pid) : descriptor(open_pid(pid)), readiness(home)
    {
        if (auto watching = readiness.watch(descriptor.get()); !watching)
            throw std::runtime_error("a child: " + watching.error().message());
    }
    ~watched() { readiness.end(readiness::open_file::shared); }

    unique_fd descriptor;
    net::readiness readiness;
};

child::child(worker& home, const std::vector<std::string>& arguments) : child(home, arguments, channel::make_pair()) {}

child::child(worker& home, const std::vector<std::string>& arguments, std::pair<unique_fd, unique_fd> ends)
    : pid_(start(arguments, ends.second.get())),
      channel_(home, std::move(ends.first)),
      watched_(std::make_unique<watched>(home, pid_))
{
}

child::~child() = default;

void child::send_signal(int number)
{
    if (!ended_) ::kill(pid_, number);
}

task<child::ending> child::wait()
{
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
        watched_->readiness.used_up(direction::read);
        co_await watched_->readiness.wait(direction::read);
    }
    ended_ = true;
    if (WIFSIGNALED(status)) {
        auto number = WTERMSIG(status);
        co_return ending{false, "signal " + std::to_string(number) + " (" + ::strsignal(number) + ")"};
    }
    auto code = WEXITSTATUS(status);
    co_return ending{code == 0, "exit status " + std::to_string(code)};
}

}  // namespace lintel::net
