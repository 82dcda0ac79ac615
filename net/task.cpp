#include "net/task.hpp"

#include "net/error.hpp"
#include "net/event_loop.hpp"

#include <boost/system/system_error.hpp>

namespace lintel::net {

namespace detail {

std::suspend_never promise_base::await_transform(heed_cancellation how)
{
    flow_->heeds_ = how.value;
    return {};
}

std::coroutine_handle<> promise_base::next() noexcept
{
    if (awaiting_) return awaiting_;
    flow_->home_.soon(*flow_);
    return std::noop_coroutine();
}

void promise_base::throw_cancelled() { throw boost::system::system_error(make_error_code(errc::aborted)); }

}  // namespace detail

void flow::start()
{
    body_.coroutine_.promise().run_for(*this, {});
    body_.coroutine_.resume();
}

void flow::cancel()
{
    cancelled_ = true;
    if (waits_for_ == nullptr) return;
    auto& what = *waits_for_;
    what.give_up();
    what.wake();
}

void flow::go_on()
{
    auto escaped = body_.coroutine_.promise().escaped();
    ended(escaped);
}

void suspension::wake()
{
    flow_->waits_for_ = nullptr;
    flow_->home_.soon(*this);
}

}  // namespace lintel::net
