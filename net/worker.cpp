#include "net/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace lintel::net {

worker::worker() : sweep_(context_.get_executor()) {}

void worker::run()
{
    auto awake = asio::make_work_guard(context_);
    context_.run();
}

void worker::complete(task<void> job)
{
    std::exception_ptr escaped;
    asio::co_spawn(context_, std::move(job), [&](std::exception_ptr failure) {
        escaped = failure;
        context_.stop();
    });
    run();
    if (escaped) std::rethrow_exception(escaped);
}

void worker::stop() { context_.stop(); }

void worker::post(std::function<void()> job) { asio::post(context_, std::move(job)); }

}  // namespace lintel::net
