#pragma once
// Structured concurrency: nothing runs unowned.

#include "net/event.hpp"
#include "net/task.hpp"

#include <boost/intrusive/list.hpp>

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
    using hook = boost::intrusive::list_base_hook<boost::intrusive::tag<task_group>>;

    class member final : public flow, public hook {
    public:
        member(task_group& of, std::string_view name, task<void> body)
            : flow(of.home_, std::move(body)), of_(of), name_(name)
        {
        }
        std::string_view name() const { return name_; }

    private:
        void ended(const std::exception_ptr& escaped) override { of_.finished(*this, escaped); }

        task_group& of_;
        std::string_view name_;
    };

    using members = boost::intrusive::list<member, boost::intrusive::base_hook<hook>>;
    void finished(member& which, const std::exception_ptr& failure);

    event_loop& home_;
    members running_;
    event empty_;
};

}  // namespace lintel::net
