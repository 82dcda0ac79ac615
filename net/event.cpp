#include "net/event.hpp"

#include <boost/asio/as_tuple.hpp>

namespace lintel::net {

event::event(executor worker) : timer_(worker) {}

void event::notify()
{
    set_ = true;
    timer_.cancel();
}

task<void> event::wait() { co_await wait_until(time_point::max()); }

task<bool> event::wait_until(time_point when)
{
    if (!set_) {
        timer_.expires_at(when);
        co_await timer_.async_wait(asio::as_tuple(use_task));
    }
    co_return std::exchange(set_, false);
}

}  // namespace lintel::net
