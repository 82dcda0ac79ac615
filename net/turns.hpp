#pragma once
// One task at a time.

#include "net/event.hpp"

#include <list>
#include <utility>

namespace lintel::net {

/// Who takes a turn goes on alone until its pass is gone; the others wait, first come, first served. Belongs to one
/// loop and outlives every pass.
class turns {
public:
    explicit turns(event_loop& home) : home_(home) {}
    turns(const turns&) = delete;

    class pass {
    public:
        explicit pass(turns& of) : of_(&of) {}
        pass(pass&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        ~pass()
        {
            if (of_ != nullptr) of_->leave();
        }

    private:
        turns* of_;
    };

    task<pass> take()
    {
        if (!std::exchange(taken_, true)) co_return pass(*this);
        place mine(*this);
        while (!mine.is_called) co_await mine.called.wait();  // a cancelled task leaves by the second await
        co_return pass(mine.accept());
    }

private:
    /// In the queue for as long as it lives; a call that nobody answers goes to the next one.
    struct place {
        explicit place(turns& queue) : of(queue), called(queue.home_), here(of.waiting_.insert(of.waiting_.end(), this))
        {
        }
        ~place()
        {
            if (is_called) of.leave();
            if (!is_called && !accepted) of.waiting_.erase(here);
        }
        turns& accept()
        {
            accepted = std::exchange(is_called, false);
            return of;
        }

        turns& of;
        event called;
        std::list<place*>::iterator here;
        bool is_called = false, accepted = false;
    };

    void leave()
    {
        taken_ = !waiting_.empty();
        if (!taken_) return;
        auto* next = waiting_.front();
        waiting_.pop_front();
        next->is_called = true;
        next->called.notify();
    }

    event_loop& home_;
    std::list<place*> waiting_;
    bool taken_ = false;
};

}  // namespace lintel::net
