#pragma once
// Running tasks to their end in a test.

#include "net/event.hpp"
#include "net/worker.hpp"

#include <optional>

namespace lintel::test {

template <class Job, class T>
task<void> keep(Job job, std::optional<T>& into)
{
    into.emplace(co_await std::move(job));
}

/// What `job` returns; the loop can be used again afterwards.
template <class T>
T outcome_of(net::worker& loop, task<T> job)
{
    std::optional<T> out;
    loop.complete(keep(std::move(job), out));
    return std::move(*out);
}

template <class T>
T outcome_of(net::worker& loop, now_or_later<T> job)
{
    std::optional<T> out;
    loop.complete(keep(std::move(job), out));
    return std::move(*out);
}

/// Runs the loop for this long.
inline void let_pass(net::worker& loop, duration time)
{
    loop.complete([](net::worker& home, duration how_long) -> task<void> {
        net::event never(home);
        co_await never.wait_until(steady_clock::now() + how_long);
    }(loop, time));
}

}  // namespace lintel::test
