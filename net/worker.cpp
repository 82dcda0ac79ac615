#include "net/worker.hpp"

namespace lintel::net {

namespace {

/// Stops its loop when it ends.
class only_flow final : public flow {
public:
    only_flow(event_loop& home, task<void> job) : flow(home, std::move(job)), home_(home) {}

    bool over() const { return over_; }
    std::exception_ptr escaped() const { return escaped_; }

private:
    void ended(const std::exception_ptr& escaped) override
    {
        escaped_ = escaped;
        over_ = true;
        home_.stop();
    }

    event_loop& home_;
    std::exception_ptr escaped_;
    bool over_ = false;
};

}  // namespace

void worker::complete(task<void> job)
{
    only_flow only(*this, std::move(job));
    only.start();
    while (!only.over()) run();
    if (auto why = only.escaped()) std::rethrow_exception(why);
}

}  // namespace lintel::net
