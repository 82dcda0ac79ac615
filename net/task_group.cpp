#include "net/task_group.hpp"

#include "base/log.hpp"
#include "net/error.hpp"

#include <boost/system/system_error.hpp>

#include <cassert>

namespace lintel::net {

namespace {

bool is_cancellation(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == make_error_code(errc::aborted);
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

task_group::task_group(event_loop& home) : home_(home), empty_(home) {}

task_group::~task_group() { assert(running_.empty()); }

void task_group::spawn(std::string_view name, task<void> body)
{
    auto* made = new member(*this, name, std::move(body));  // finished() deletes it
    running_.push_back(*made);
    made->start();
}

void task_group::finished(member& which, const std::exception_ptr& failure)
{
    auto name = which.name();
    running_.erase(running_.iterator_to(which));
    delete &which;
    if (failure && !is_cancellation(failure)) {
        log::error("task.failed", {{"task", name}, {"why", describe(failure)}});
    }
    if (running_.empty()) empty_.notify();
}

void task_group::stop()
{
    for (auto it = running_.begin(); it != running_.end();) (it++)->cancel();
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
    co_await heed_cancellation(false);  // a cancelled task waits here all the same
    co_await join();
    co_await heed_cancellation(true);
    if (escaped) std::rethrow_exception(escaped);
}

}  // namespace lintel::net
