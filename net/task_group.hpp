#pragma once
// Structured concurrency: nothing runs unowned.

#include "net/event.hpp"
#include "net/task.hpp"

#include <list>
#include <string_view>

namespace lintel::net {

/// Owns the tasks it starts. `stop()` asks all of them to end; `join()` returns when the last one has. What escapes a
/// task is logged once, as `task.failed`; cancellation is not a failure. Belongs to one loop: call every member
/// there. Destroying a group that still has tasks is a bug.
class task_group {
public:
    explicit task_group(event_loop& home);
    task_group(const task_group&) = delete;
    ~task_group();

    /// `name` appears in failure reports and must be a literal. The task starts at once, inside this call, up to
    /// its first wait.
    void spawn(std::string_view name, task<void> body);

    void stop();
    task<void> join();

    /// Awaits `body`, then stops the others and joins them, also where `body` was cancelled or threw: for a task whose
    /// helpers use what it owns. What escaped `body` is thrown on at the end.
    task<void> alongside(task<void> body);

    std::size_t size() const { return running_.size(); }

private:
    void finished(std::list<flow>::iterator which, std::string_view name, const std::exception_ptr& failure);

    event_loop& home_;
    std::list<flow> running_;
    event empty_;
};

}  // namespace lintel::net
