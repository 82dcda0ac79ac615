#include "net/signals.hpp"

#include "net/readiness.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <sys/signalfd.h>
#include <unistd.h>

namespace lintel::net {

/// A blocked signal is delivered to whoever reads the descriptor (signalfd(2)).
class signals::blocked {
public:
    blocked(worker& home, std::initializer_list<int> numbers) : readiness(home)
    {
        sigset_t wanted;
        sigemptyset(&wanted);
        for (int number : numbers) sigaddset(&wanted, number);
        ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
        descriptor.reset(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
        if (!descriptor || !readiness.watch(descriptor.get()))
            throw std::system_error(errno, std::system_category(), "signals");
    }
    ~blocked()
    {
        readiness.end(readiness::open_file::shared);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

    unique_fd descriptor;
    net::readiness readiness;

private:
    sigset_t before_{};
};

signals::signals(worker& home, std::initializer_list<int> numbers) : blocked_(std::make_unique<blocked>(home, numbers))
{
}
signals::~signals() = default;

task<int> signals::next()
{
    for (;;) {
        signalfd_siginfo told{};
        if (::read(blocked_->descriptor.get(), &told, sizeof told) == sizeof told)
            co_return static_cast<int>(told.ssi_signo);
        blocked_->readiness.used_up(direction::read);
        co_await blocked_->readiness.wait(direction::read);
    }
}

}  // namespace lintel::net
