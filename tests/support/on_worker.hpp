#pragma once
// Running tasks to their end in a test.

#include "net/worker.hpp"

#include <optional>

namespace lintel::test {

template <class T>
task<void> keep(task<T> job, std::optional<T>& into)
{
    into.emplace(co_await std::move(job));
}

/// What `job` returns; the loop can be used again afterwards.
template <class T>
T outcome_of(net::worker& loop, task<T> job)
{
    std::optional<T> out;
    loop.complete(keep(std::move(job), out));
    loop.get_executor().context().restart();
    return std::move(*out);
}

inline void complete(net::worker& loop, task<void> job)
{
    loop.complete(std::move(job));
    loop.get_executor().context().restart();
}

}  // namespace lintel::test
