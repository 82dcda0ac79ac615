#include "net/worker_thread.hpp"

#include "net/blocked_signals.hpp"

#include <pthread.h>

namespace lintel::net {

worker_thread::worker_thread(const char* name)
{
    blocked_signals blocked;
    thread_ = std::thread([this] { loop_.run(); });
    ::pthread_setname_np(thread_.native_handle(), name);
}

worker_thread::~worker_thread() { stop(); }

void worker_thread::stop()
{
    loop_.stop();
    if (thread_.joinable()) thread_.join();
}

}  // namespace lintel::net
