#pragma once
// The coroutine type. Written here and not Asio's, because what an await costs is what a request costs
// (bench/README.md).

#include "base/result.hpp"
#include "net/frame_memory.hpp"
#include "net/runnable.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace lintel::net {

class event_loop;
class flow;
class suspension;

/// `co_await heed_cancellation(false)`: from here on a cancelled flow may await all the same, for its farewell.
struct heed_cancellation {
    explicit heed_cancellation(bool heeds) : value(heeds) {}
    bool value;
};

namespace detail {

class promise_base {
public:
    static void* operator new(std::size_t bytes) { return frame_memory::take(bytes); }
    static void operator delete(void* memory, std::size_t bytes) noexcept { frame_memory::give_back(memory, bytes); }

    std::suspend_always initial_suspend() noexcept { return {}; }

    /// Goes on with whoever awaits the task; the last one of a flow ends it.
    struct final_awaiter {
        bool await_ready() noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept
        {
            return ended.promise().next();
        }
        void await_resume() noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }

    void unhandled_exception() noexcept { escaped_ = std::current_exception(); }

    template <class Awaitable>
        requires(!std::is_same_v<std::remove_cvref_t<Awaitable>, heed_cancellation>)
    Awaitable&& await_transform(Awaitable&& what)
    {
        throw_if_cancelled();
        return std::forward<Awaitable>(what);
    }
    std::suspend_never await_transform(heed_cancellation how);

    flow& line() const { return *flow_; }
    void run_for(flow& line, std::coroutine_handle<> awaiting)
    {
        flow_ = &line;
        awaiting_ = awaiting;
    }
    std::exception_ptr escaped() const { return escaped_; }

private:
    std::coroutine_handle<> next() noexcept;
    void throw_if_cancelled() const;
    [[noreturn]] static void throw_cancelled();

    flow* flow_ = nullptr;
    std::coroutine_handle<> awaiting_;  ///< none: the flow's first task
    std::exception_ptr escaped_;
};

template <class T>
class promise final : public promise_base {
public:
    std::coroutine_handle<promise> get_return_object() { return std::coroutine_handle<promise>::from_promise(*this); }

    template <class U = T>
    void return_value(U&& value)
    {
        value_.emplace(std::forward<U>(value));
    }
    T take()
    {
        if (auto why = escaped()) std::rethrow_exception(why);
        return std::move(*value_);
    }

private:
    std::optional<T> value_;
};

template <>
class promise<void> final : public promise_base {
public:
    std::coroutine_handle<promise> get_return_object() { return std::coroutine_handle<promise>::from_promise(*this); }
    void return_void() {}
    void take() const
    {
        if (auto why = escaped()) std::rethrow_exception(why);
    }
};

}  // namespace detail

/// A coroutine of one loop. Lazy: nothing runs before it is awaited or a `task_group` owns it. Awaited once.
template <class T = void>
class [[nodiscard]] task {
public:
    using promise_type = detail::promise<T>;

    task(std::coroutine_handle<promise_type> made) : coroutine_(made) {}  // NOLINT: the promise's return object
    task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    ~task()
    {
        if (coroutine_) coroutine_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) noexcept
    {
        coroutine_.promise().run_for(awaiting.promise().line(), awaiting);
        return coroutine_;
    }
    T await_resume() { return coroutine_.promise().take(); }

private:
    friend class flow;
    std::coroutine_handle<promise_type> coroutine_;
};

/// What is known at once, or else the task that finds out: where there is nothing to wait for, no coroutine is made.
/// Awaited once. A coroutine may return it, too.
template <class T>
class [[nodiscard]] now_or_later {
public:
    using promise_type = detail::promise<T>;

    template <class Known>
        requires(std::is_convertible_v<Known, T> && !std::is_same_v<std::remove_cvref_t<Known>, task<T>>)
    now_or_later(Known&& known) : value_(std::in_place_index<0>, std::forward<Known>(known))  // NOLINT: as T itself
    {
    }
    now_or_later(task<T> later) : value_(std::in_place_index<1>, std::move(later)) {}  // NOLINT: as the task itself
    now_or_later(std::coroutine_handle<promise_type> made) : now_or_later(task<T>(made)) {}  // NOLINT: as task's

    bool await_ready() const noexcept { return value_.index() == 0; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) noexcept
    {
        return std::get_if<1>(&value_)->await_suspend(awaiting);
    }
    T await_resume()
    {
        if (auto* known = std::get_if<0>(&value_)) return std::move(*known);
        return std::get_if<1>(&value_)->await_resume();
    }

    /// Null: it has to be awaited.
    T* known() { return std::get_if<0>(&value_); }

private:
    std::variant<T, task<T>> value_;
};

/// One line of execution: a task and what it awaits. Belongs to one loop. A flow that is destroyed before it has ended
/// takes its tasks with it.
class flow : runnable {
public:
    flow(event_loop& home, task<void> body) : home_(home), body_(std::move(body)) {}

    /// Runs up to the first wait.
    void start();

    /// What the flow waits for ends with `errc::aborted`; the next co_await throws it as a `system_error`.
    void cancel();

protected:
    ~flow() = default;

    /// Called by the loop, not from within the task, with what escaped the task. May destroy the flow.
    virtual void ended(const std::exception_ptr& escaped) = 0;

private:
    friend class detail::promise_base;
    friend class suspension;
    void go_on() final;

    event_loop& home_;
    task<void> body_;
    suspension* waits_for_ = nullptr;
    bool cancelled_ = false, heeds_ = true;
};

inline void detail::promise_base::throw_if_cancelled() const
{
    if (flow_->cancelled_ && flow_->heeds_) [[unlikely]]
        throw_cancelled();
}

/// What a flow waits for: the base of everything that suspends. It lives in the frame that waits; where that is
/// destroyed, nobody finds it any more.
class suspension : public runnable {
public:
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> waiting)
    {
        waiting_ = waiting;
        flow_ = &waiting.promise().line();
        flow_->waits_for_ = this;
        begin();
    }

    /// The flow goes on in the loop's present or next round.
    void wake();

protected:
    /// Makes sure that wake() comes.
    virtual void begin() = 0;
    /// The flow was cancelled: it is woken, and nobody else must do so any more.
    virtual void give_up() = 0;

private:
    friend class flow;
    void go_on() override { waiting_.resume(); }

    std::coroutine_handle<> waiting_;
    flow* flow_ = nullptr;
};

/// `co_await next_round()`: lets the others of the loop go first.
class next_round final : public suspension {
public:
    void await_resume() const {}

private:
    void begin() override { wake(); }
    void give_up() override {}
};

}  // namespace lintel::net

namespace lintel {

using net::now_or_later;
using net::task;

}  // namespace lintel
