#include "http/h2_budget.hpp"

#include <algorithm>

namespace lintel::http {

namespace {

struct price {
    h2_attack what;
    std::string_view name;
    int points;
};

/// In the enum's order. Of what only attackers do a connection may have a hundred or two at once and ten or twenty a
/// second for ever; a thousand and a hundred of what others do now and then (browsers that leave a page of a hundred
/// pictures, calls of gRPC that nobody waits for any more).
constexpr std::array prices{
    price{h2_attack::rapid_reset, "rapid-reset", 200},
    price{h2_attack::made_you_reset, "made-you-reset", 1'000},
    price{h2_attack::continuation, "continuation", 2'000},
    price{h2_attack::header_list, "header-list", 5'000},
    price{h2_attack::too_many_streams, "too-many-streams", 1'000},
    price{h2_attack::settings, "settings", 2'000},
    price{h2_attack::ping, "ping", 200},
    price{h2_attack::priority, "priority", 200},
    price{h2_attack::window_update, "window-update", 100},
    price{h2_attack::empty_data, "empty-data", 500},
    price{h2_attack::tiny_data, "tiny-data", 1},
    price{h2_attack::unknown_frames, "unknown-frames", 200},
    price{h2_attack::slow_preface, "slow-preface", 0},
    price{h2_attack::slow_head, "slow-head", 0},
    price{h2_attack::stalled, "stalled", 0},
};

static_assert(prices.size() == static_cast<std::size_t>(h2_attack::count_));

const price& price_of(h2_attack what) { return prices[static_cast<std::size_t>(what)]; }

/// None: the frame is what a connection is for.
std::optional<h2_attack> suspicion(const h2_frame_header& frame)
{
    switch (frame.type) {
        case h2_frame::data:
            if (frame.has(h2_frame_header::end_stream) || !h2_budget::is_tiny(frame.length)) return {};
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

void h2_budget::excuse(h2_attack what)
{
    auto& mine = spent_[static_cast<std::size_t>(what)];
    mine = std::max(mine - price_of(what).points, 0);
    earn(price_of(what).points);
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
