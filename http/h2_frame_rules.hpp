#pragma once
// Rules about a client's frames that nghttp2 is lenient about (RFC 9113 §5.1).

#include "http/h2_frames.hpp"

#include <algorithm>
#include <array>

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
                bool wrong = frame.stream == 0 || frame.dependency == frame.stream;
                return wrong ? h2_code::protocol_error : h2_code::no_error;
            }
            default: return h2_code::no_error;
        }
    }

private:
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
};

}  // namespace lintel::http
