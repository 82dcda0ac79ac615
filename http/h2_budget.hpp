#pragma once
// What a client may cost before it has to be of use again: the answer to the floods that HTTP/2 makes possible.

#include "base/clock.hpp"
#include "http/h2_frames.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace lintel::http {

/// How clients cost more than they should (docs/http2.md).
enum class h2_attack {
    rapid_reset,       ///< CVE-2023-44487
    made_you_reset,    ///< CVE-2025-8671: errors of one stream, which we answer with RST_STREAM
    continuation,      ///< CVE-2024-27316 and kin
    header_list,       ///< CVE-2016-6581 and kin: lists that are larger than we said
    too_many_streams,  ///< more at a time than we said
    settings,          ///< CVE-2019-9515
    ping,              ///< CVE-2019-9512
    priority,          ///< CVE-2019-9513
    window_update,     ///< CVE-2019-9511 among others
    empty_data,        ///< CVE-2019-9518
    tiny_data,         ///< CVE-2019-9511: bodies in pieces of a few bytes
    unknown_frames,
    slow_preface,  ///< no preface, or half of one, within head_timeout
    slow_head,     ///< a header block that is not whole within head_timeout
    stalled,       ///< a response that nobody opens a window for within write_timeout
    count_
};

std::string_view name_of(h2_attack what);

/// One connection's. Points are spent by what is received and come back with time, with requests that are answered and
/// with DATA that is sent. Pure: the clock is passed in.
class h2_budget {
public:
    explicit h2_budget(time_point now) : last_(now) {}

    /// A frame has begun to arrive. False: the budget is used up.
    bool on_frame(const h2_frame_header& frame, time_point now);

    /// What goes by other signs than frame headers. False: the budget is used up.
    bool spend(h2_attack on_what, time_point now);

    /// It was spent on what this stream is for.
    void excuse(h2_attack what);

    /// A DATA frame that is mostly frame.
    static bool is_tiny(std::size_t bytes) { return bytes < 16; }

    /// A request was answered well: somebody else may give one up for it.
    void on_answered() { earn(200); }

    /// A DATA frame went out: its reader may answer with PING and a WINDOW_UPDATE for each of its windows, as gRPC's
    /// clients do. One that is small because the window was (`starved`) earns little: opening windows by a byte at a
    /// time is an attack, too.
    void on_sent(std::size_t bytes, bool starved) { earn(starved && bytes < 600 ? static_cast<int>(bytes) : 600); }

    bool exhausted() const { return points_ < 0; }

    /// On what most was spent since the budget was full.
    h2_attack worst() const;

private:
    static constexpr int full = 200'000, per_second = 20'000;

    bool spend(h2_attack on_what, int points, time_point now);
    void earn(int points);
    void refill(time_point now);

    int points_ = full;
    time_point last_;  ///< up to when time has been paid for
    std::array<int, static_cast<std::size_t>(h2_attack::count_)> spent_{};
};

}  // namespace lintel::http
