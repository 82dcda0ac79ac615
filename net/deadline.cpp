#include "net/deadline.hpp"

namespace lintel::net {

deadline::deadline(sweep& home)
{
    home.seen_.push_back(*this);
    home.arm();
}

sweep::sweep(event_loop& home) : next_(home, [this] { look(); }) {}

void sweep::arm()
{
    if (std::exchange(armed_, true)) return;
    next_.set(steady_clock::now() + tick);
}

/// Goes on where it stopped. Thousands are looked at in portions, so that nobody else of the worker waits for them all.
void sweep::look()
{
    constexpr int most_looks = 1024, most_late = 32;
    auto now = steady_clock::now();
    if (unseen_.empty()) unseen_.swap(seen_);
    for (int looks = 0, late = 0; !unseen_.empty(); ++looks) {
        if (looks == most_looks || late == most_late) return next_.set(now);
        auto& current = unseen_.front();
        unseen_.pop_front();
        seen_.push_back(current);
        if (current.when_ > now) continue;
        ++late;
        current.clear();
        current.late();
    }
    armed_ = false;
    if (!seen_.empty()) arm();
}

}  // namespace lintel::net
