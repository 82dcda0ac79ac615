#pragma once
// The frames of an HTTP/2 connection by their headers (RFC 9113 §4.1): seen as they come, before anybody works on them.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace lintel::http {

inline constexpr std::string_view h2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// RFC 9113 §7.
enum class h2_code : std::uint32_t {
    no_error = 0,
    protocol_error = 1,
    internal_error = 2,
    flow_control_error = 3,
    stream_closed = 5,
    frame_size_error = 6,
    refused_stream = 7,
    cancel = 8,
    enhance_your_calm = 11,
};

/// RFC 9113 §6, RFC 9218 §7.1. Others are ignored by whoever doesn't know them.
enum class h2_frame : std::uint8_t {
    data = 0,
    headers = 1,
    priority = 2,
    rst_stream = 3,
    settings = 4,
    push_promise = 5,
    ping = 6,
    goaway = 7,
    window_update = 8,
    continuation = 9,
    priority_update = 16,
};

struct h2_frame_header {
    static constexpr std::uint8_t end_stream = 1, ack = 1, end_headers = 4;

    std::uint32_t length = 0;  ///< of the payload
    h2_frame type = h2_frame::data;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    /// Of PRIORITY and WINDOW_UPDATE, where they have the right length, what comes first: the stream to depend on, the
    /// increment.
    std::uint32_t word = 0;

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

/// Follows the frames of one direction as their bytes pass; `skip`: bytes ahead of the first frame (the preface).
class h2_frame_scanner {
public:
    explicit h2_frame_scanner(std::uint32_t skip) : payload_left_(skip) {}

    /// Calls `visit` with each frame header that these bytes complete, until it returns false. False: it did.
    template <class Visitor>
    bool pass(std::string_view bytes, Visitor visit)
    {
        for (std::size_t at = 0; at < bytes.size();) {
            auto step = std::min<std::size_t>(payload_left_, bytes.size() - at);
            payload_left_ -= static_cast<std::uint32_t>(step);
            at += step;
            if (payload_left_ > 0) break;
            for (; at < bytes.size() && gathered_ < wanted(); ++at) header_[gathered_++] = octet(bytes[at]);
            if (gathered_ == wanted() && !visit(take())) return false;
        }
        return true;
    }

    /// A header block has begun and is not whole: nothing else may come before its end (RFC 9113 §4.3).
    bool in_head() const { return open_head_ || (block_ && payload_left_ > 0); }

    /// All that came so far were whole frames.
    bool between_frames() const { return payload_left_ == 0 && gathered_ == 0; }

private:
    static constexpr std::size_t header_bytes = 9, word_bytes = 4;
    static constexpr std::uint32_t id_bits = 0x7FFF'FFFF;

    static std::uint8_t octet(char c) { return static_cast<std::uint8_t>(c); }

    std::uint32_t number(std::size_t at, std::size_t count) const
    {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < count; ++i) value = value << 8 | header_[at + i];
        return value;
    }
    h2_frame type() const { return static_cast<h2_frame>(header_[3]); }
    bool has_word() const
    {
        constexpr std::size_t priority_bytes = 5, increment_bytes = 4;
        auto length = number(0, 3);
        return (type() == h2_frame::priority && length == priority_bytes) ||
               (type() == h2_frame::window_update && length == increment_bytes);
    }
    std::size_t wanted() const { return header_bytes + (gathered_ >= header_bytes && has_word() ? word_bytes : 0); }

    h2_frame_header take()
    {
        h2_frame_header header{
            .length = number(0, 3), .type = type(), .flags = header_[4], .stream = number(5, 4) & id_bits};
        if (gathered_ > header_bytes) header.word = number(header_bytes, word_bytes) & id_bits;
        payload_left_ = header.length - static_cast<std::uint32_t>(gathered_ - header_bytes);
        gathered_ = 0;
        block_ = header.type == h2_frame::headers || header.type == h2_frame::continuation;
        if (block_) open_head_ = !header.has(h2_frame_header::end_headers);
        return header;
    }

    std::array<std::uint8_t, header_bytes + word_bytes> header_{};
    std::size_t gathered_ = 0;
    std::uint32_t payload_left_;
    bool open_head_ = false, block_ = false;
};

}  // namespace lintel::http
