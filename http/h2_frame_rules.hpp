#pragma once
// Rules about a client's frames that nghttp2 is lenient about, or doesn't tell us of (RFC 9113 §5.1, §6).

#include "http/h2_budget.hpp"
#include "http/h2_frames.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace lintel::http {

/// Looks at the frame headers of one client in their order. Remembers the streams that ended last: what is older is
/// left to nghttp2, which ignores it.
class h2_frame_rules {
public:
    /// The error that the connection ends with; `no_error`: go on.
    h2_code judge(const h2_frame_header& frame)
    {
        bool ends = frame.has(h2_frame_header::end_stream);
        switch (frame.type) {
            case h2_frame::headers: {
                continuations_ = 0;
                auto wrong = frame.stream > highest_ ? open(frame.stream) : judge_second(frame.stream);
                if (ends) note_end(frame.stream);
                return wrong;
            }
            case h2_frame::data: {
                bool closed = has_ended(frame.stream);
                if (ends) note_end(frame.stream);
                return closed ? h2_code::stream_closed : h2_code::no_error;
            }
            case h2_frame::rst_stream: note_end(frame.stream); return h2_code::no_error;
            case h2_frame::priority: {
                // RFC 7540 §5.3.1 had it; what depends on itself was never meant well.
                bool wrong = frame.stream == 0 || frame.word == frame.stream;
                if (frame.length != 5) return h2_code::frame_size_error;
                return wrong ? h2_code::protocol_error : h2_code::no_error;
            }
            case h2_frame::window_update: {
                if (frame.length != 4) return h2_code::frame_size_error;
                return frame.word == 0 ? h2_code::protocol_error : h2_code::no_error;
            }
            case h2_frame::continuation: {
                bool flood = ++continuations_ > most_continuations;
                return flood ? h2_code::enhance_your_calm : h2_code::no_error;
            }
            default: return h2_code::no_error;
        }
    }

    /// The attack on record that such an error is known from (CVE-2025-8671, CVE-2024-27316), if any.
    static std::optional<h2_attack> known_from(h2_frame by, h2_code why)
    {
        bool late = why == h2_code::stream_closed;
        if (by == h2_frame::continuation) return h2_attack::continuation;
        if (by == h2_frame::priority || by == h2_frame::window_update || late) return h2_attack::made_you_reset;
        return {};
    }

private:
    static constexpr int most_continuations = 8;  ///< of a header block

    h2_code open(std::uint32_t stream)
    {
        if (stream > highest_ + 2) {
            skipped_first_ = highest_ + 1;
            skipped_last_ = stream - 1;
        }
        highest_ = stream;
        return h2_code::no_error;
    }

    /// Trailers, or a mistake. A new stream has a higher number than all before (RFC 9113 §5.1.1).
    h2_code judge_second(std::uint32_t stream) const
    {
        if (has_ended(stream)) return h2_code::stream_closed;
        bool never_opened = stream >= skipped_first_ && stream <= skipped_last_;
        return never_opened ? h2_code::protocol_error : h2_code::no_error;
    }

    void note_end(std::uint32_t stream)
    {
        if (stream == 0 || stream > highest_ || has_ended(stream)) return;
        ended_[next_] = stream;
        next_ = (next_ + 1) % ended_.size();
    }
    bool has_ended(std::uint32_t stream) const
    {
        return stream != 0 && std::ranges::find(ended_, stream) != ended_.end();
    }

    std::uint32_t highest_ = 0, skipped_first_ = 1, skipped_last_ = 0;
    std::array<std::uint32_t, 16> ended_{};
    std::size_t next_ = 0;
    int continuations_ = 0;
};

}  // namespace lintel::http
