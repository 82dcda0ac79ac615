#pragma once
// How much plaintext goes into the next record.

#include "base/clock.hpp"

#include <algorithm>
#include <cstddef>

namespace lintel::tls {

/// A client can use nothing of a record before its last byte is there. So the start of something large goes out in
/// records of one segment each, as long as the congestion window is small; then they grow to what costs least. After
/// a second of silence the window is small again (RFC 5681 §4.1). Pure: the time is passed in.
class record_sizes {
public:
    static constexpr std::size_t largest = 16 * 1024;  // RFC 8446 §5.1
    static constexpr std::size_t segment = 1400, middle = 4 * 1024;

    /// A write of `total` bytes begins. One that fits into a record is one.
    void begin(std::size_t total, time_point now)
    {
        whole_ = total < largest;
        if (whole_) return;
        if (now - last_ > std::chrono::seconds(1)) sent_ = 0;
        last_ = now;
    }

    /// Of the `left` bytes of this write.
    std::size_t next(std::size_t left)
    {
        auto size = whole_ || sent_ >= 4 * largest ? largest : sent_ >= largest ? middle : segment;
        size = std::min(size, left);
        if (!whole_) sent_ = std::min(sent_ + size, 4 * largest);
        return size;
    }

private:
    std::size_t sent_ = 0;  ///< since the silence, in large writes
    time_point last_{};
    bool whole_ = false;
};

}  // namespace lintel::tls
