#include "net/worker.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace lintel::net {

worker::worker() : sweep_(context_.get_executor()) {}

void worker::run()
{
    auto awake = asio::make_work_guard(context_);
    context_.run();
}

void worker::stop() { context_.stop(); }

void worker::post(std::function<void()> job) { asio::post(context_, std::move(job)); }

}  // namespace lintel::net
