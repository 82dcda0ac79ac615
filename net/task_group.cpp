#include "net/task_group.hpp"

#include "base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <cassert>

namespace lintel::net {

namespace {

bool is_cancellation(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

std::string describe(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace

task_group::task_group(executor worker) : worker_(worker), empty_(worker) {}

task_group::~task_group() { assert(running_.empty()); }

void task_group::spawn(std::string_view name, task<void> body)
{
    auto self = running_.emplace(running_.end());
    auto done = [this, self, name](std::exception_ptr failure) { finished(self, name, failure); };
    asio::co_spawn(worker_, std::move(body), asio::bind_cancellation_slot(self->slot(), std::move(done)));
}

void task_group::finished(std::list<asio::cancellation_signal>::iterator which, std::string_view name,
                          const std::exception_ptr& failure)
{
    running_.erase(which);
    if (failure && !is_cancellation(failure)) {
        log::error("task.failed", {{"task", name}, {"why", describe(failure)}});
    }
    if (running_.empty()) empty_.notify();
}

void task_group::stop()
{
    for (auto it = running_.begin(); it != running_.end();) (it++)->emit(asio::cancellation_type::terminal);
}

task<void> task_group::join()
{
    while (!running_.empty()) co_await empty_.wait();
}

task<void> task_group::alongside(task<void> body)
{
    std::exception_ptr escaped;
    try {
        co_await std::move(body);
    } catch (...) {
        escaped = std::current_exception();
    }
    stop();
    co_await asio::this_coro::throw_if_cancelled(false);  // a cancelled task waits here all the same
    co_await join();
    co_await asio::this_coro::throw_if_cancelled(true);
    if (escaped) std::rethrow_exception(escaped);
}

}  // namespace lintel::net
