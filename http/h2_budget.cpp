#include "http/h2_budget.hpp"

#include <algorithm>

namespace lintel::http {

namespace {

constexpr std::uint32_t tiny_bytes = 16;  ///< a DATA frame that is mostly frame

struct price {
    h2_attack what;
    std::string_view name;
    int points;
};

/// In the enum's order. Of the dear things a connection may have a hundred at once and ten a second for ever, of the
/// cheap ones twenty thousand; a request that is answered brings 500 back. Browsers that leave a page of a hundred
/// pictures, gRPC's pings and a WINDOW_UPDATE for each DATA frame stay well below.
constexpr std::array prices{
    price{h2_attack::rapid_reset, "rapid-reset", 100},
    price{h2_attack::made_you_reset, "made-you-reset", 200},
    price{h2_attack::continuation, "continuation", 200},
    price{h2_attack::header_list, "header-list", 500},
    price{h2_attack::too_many_streams, "too-many-streams", 100},
    price{h2_attack::settings, "settings", 200},
    price{h2_attack::ping, "ping", 50},
    price{h2_attack::priority, "priority", 20},
    price{h2_attack::window_update, "window-update", 10},
    price{h2_attack::empty_data, "empty-data", 50},
    price{h2_attack::tiny_data, "tiny-data", 1},
    price{h2_attack::unknown_frames, "unknown-frames", 20},
    price{h2_attack::slow_preface, "slow-preface", 0},
    price{h2_attack::slow_head, "slow-head", 0},
    price{h2_attack::stalled, "stalled", 0},
};

const price& price_of(h2_attack what) { return prices[static_cast<std::size_t>(what)]; }

/// None: the frame is what a connection is for.
std::optional<h2_attack> suspicion(const h2_frame_header& frame)
{
    switch (frame.type) {
        case h2_frame::data:
            if (frame.has(h2_frame_header::end_stream) || frame.length >= tiny_bytes) return {};
            return frame.length == 0 ? h2_attack::empty_data : h2_attack::tiny_data;
        case h2_frame::headers:
        case h2_frame::push_promise:
        case h2_frame::goaway: return {};
        case h2_frame::priority:
        case h2_frame::priority_update: return h2_attack::priority;
        case h2_frame::rst_stream: return h2_attack::rapid_reset;
        case h2_frame::settings: return h2_attack::settings;
        case h2_frame::ping: return h2_attack::ping;
        case h2_frame::window_update: return h2_attack::window_update;
        case h2_frame::continuation: return h2_attack::continuation;
    }
    return h2_attack::unknown_frames;
}

}  // namespace

std::string_view name_of(h2_attack what) { return price_of(what).name; }

bool h2_budget::on_frame(const h2_frame_header& frame, time_point now)
{
    auto suspected = suspicion(frame);
    return !suspected || spend(*suspected, now);
}

bool h2_budget::spend(h2_attack on_what, time_point now) { return spend(on_what, price_of(on_what).points, now); }

bool h2_budget::spend(h2_attack on_what, int points, time_point now)
{
    refill(now);
    points_ = std::max(points_ - points, -full);
    auto& mine = spent_[static_cast<std::size_t>(on_what)];
    mine = std::min(mine + points, 1'000'000'000);
    return !exhausted();
}

h2_attack h2_budget::worst() const { return static_cast<h2_attack>(std::ranges::max_element(spent_) - spent_.begin()); }

void h2_budget::earn(int points)
{
    points_ = std::min(points_ + points, full);
    if (points_ == full) spent_ = {};
}

void h2_budget::refill(time_point now)
{
    constexpr auto step = std::chrono::milliseconds(1);
    auto steps = std::min<std::int64_t>((now - last_) / step, full);
    if (steps <= 0) return;
    last_ += steps * step;
    if (steps == full) last_ = now;
    earn(static_cast<int>(steps) * per_second / 1000);
}

}  // namespace lintel::http
