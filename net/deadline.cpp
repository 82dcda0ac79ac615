#include "net/deadline.hpp"

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
        look(steady_clock::now());
        armed_ = false;
        if (!all_.empty()) arm();
    });
}

void sweep::look(time_point now)
{
    next_ = all_.begin();
    while (next_ != all_.end()) {
        auto* current = *next_;
        ++next_;
        if (current->when_ > now) continue;
        current->clear();
        current->late();
    }
}

}  // namespace lintel::net
