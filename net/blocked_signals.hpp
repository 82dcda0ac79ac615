#pragma once
// Threads are started with every signal blocked: signals are for the main thread's signal set.

#include <csignal>

namespace lintel::net {

/// Blocks all signals in this thread, and so in those it starts, until it goes.
class blocked_signals {
public:
    blocked_signals()
    {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    blocked_signals(const blocked_signals&) = delete;
    ~blocked_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
    sigset_t before_{};
};

}  // namespace lintel::net
