#include "net/deadline.hpp"

#include <boost/asio/post.hpp>

namespace lintel::net {

deadline::deadline(sweep& home) : home_(home)
{
    place_ = home_.all_.insert(home_.all_.end(), this);
    home_.arm();
}

deadline::~deadline()
{
    if (home_.next_ == place_) ++home_.next_;
    home_.all_.erase(place_);
    if (home_.all_.empty()) home_.timer_.cancel();
}

void sweep::arm()
{
    if (armed_) return;
    armed_ = true;
    timer_.expires_after(tick);
    timer_.async_wait([this](error_code failure) {
        if (failure && all_.empty()) {
            armed_ = false;
            return;
        }
        next_ = all_.begin();
        look();
    });
}

/// Goes on where it stopped. Thousands are looked at in portions, so that nobody else of the worker waits for them all.
void sweep::look()
{
    constexpr int most_looks = 1024, most_late = 32;
    auto now = steady_clock::now();
    for (int looks = 0, late = 0; next_ != all_.end(); ++looks) {
        if (looks == most_looks || late == most_late) {
            asio::post(timer_.get_executor(), [this] { look(); });
            return;
        }
        auto* current = *next_;
        ++next_;
        if (current->when_ > now) continue;
        ++late;
        current->clear();
        current->late();
    }
    armed_ = false;
    if (!all_.empty()) arm();
}

}  // namespace lintel::net
