#include "proxy/upstream/upload_slots.hpp"

namespace lintel::proxy {

namespace {

/// Leaves the list at its end, however that comes.
class waiting_entry {
public:
    waiting_entry(std::list<net::event*>& list, net::event& self) : list_(list), place_(list.insert(list.end(), &self))
    {
    }
    waiting_entry(const waiting_entry&) = delete;
    ~waiting_entry() { leave(); }

    void leave()
    {
        if (place_ != list_.end()) list_.erase(std::exchange(place_, list_.end()));
    }

private:
    std::list<net::event*>& list_;
    std::list<net::event*>::iterator place_;
};

}  // namespace

upload_slots::place::~place()
{
    if (from_ != nullptr) from_->give_back();
}

task<upload_slots::place> upload_slots::take(net::event& woken, std::size_t most, time_point end)
{
    if (taken_ >= most || !waiting_.empty()) {
        waiting_entry mine(waiting_, woken);
        (void)co_await woken.wait_until(end);
        mine.leave();
        if (taken_ >= most) co_return place();
    }
    ++taken_;
    if (taken_ < most && !waiting_.empty()) waiting_.front()->notify();
    co_return place(this);
}

void upload_slots::give_back()
{
    --taken_;
    if (!waiting_.empty()) waiting_.front()->notify();
}

}  // namespace lintel::proxy
