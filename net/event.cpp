#include "net/event.hpp"

namespace lintel::net {

void event::notify()
{
    set_ = true;
    if (auto* woken = std::exchange(waiter_, nullptr)) woken->wake();
}

event::waiting event::wait() { return {*this, time_point::max()}; }
event::waiting event::wait_until(time_point when) { return {*this, when}; }

event::waiting::waiting(event& what, time_point when)
    : what_(what), when_(when), too_late_(what.home_, [this] {
          give_up();
          wake();
      })
{
}

void event::waiting::begin()
{
    what_.waiter_ = this;
    too_late_.set(when_);
}

void event::waiting::give_up()
{
    if (what_.waiter_ == this) what_.waiter_ = nullptr;
    too_late_.clear();
}

}  // namespace lintel::net
