#pragma once
// What comes out of an HTTP/2 connection at its far side, read frame by frame.

#include "tests/support/h2_bytes.hpp"
#include "tests/support/socket_pair.hpp"

#include <nghttp2/nghttp2.h>
#include <map>
#include <optional>
#include <vector>

namespace lintel::test {

/// What came on one stream.
struct h2_message {
    std::vector<std::string> heads;  ///< "200 name=value;", "name=value;" where there is no status
    std::string body;
    std::size_t window = 0;  ///< how far it was opened
    bool ended = false;
    std::optional<http::h2_code> reset;

    bool over() const { return ended || reset; }
};

/// Reads what a socket has; says nothing by itself.
class h2_peer {
public:
    /// `skip`: bytes ahead of the first frame, which a client sends.
    explicit h2_peer(int socket, std::size_t skip = 0) : socket_(socket), skip_(skip)
    {
        nghttp2_hd_inflate_new(&inflater_);
    }
    ~h2_peer() { nghttp2_hd_inflate_del(inflater_); }
    h2_peer(const h2_peer&) = delete;

    struct farewell {
        std::uint32_t last;
        http::h2_code why;
    };

    std::map<std::uint32_t, h2_message> streams;
    std::vector<farewell> goaways;
    std::map<int, std::uint32_t> settings;
    std::size_t window = 0;  ///< of the connection: how far it was opened
    int pings = 0, pongs = 0;
    bool settled = false;  ///< it has said its settings
    bool closed = false;   ///< nothing comes any more

    /// Takes what is here, without waiting.
    void receive()
    {
        char some[64 * 1024];
        for (;;) {
            auto count = ::recv(socket_, some, sizeof some, MSG_DONTWAIT);
            if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
            closed = closed || count <= 0;
            if (count <= 0) break;
            unread_.append(some, static_cast<std::size_t>(count));
        }
        auto skipped = std::min(skip_, unread_.size());
        unread_.erase(0, skipped);
        skip_ -= skipped;
        while (take_frame()) {
        }
    }

private:
    std::uint32_t number(std::string_view text, std::size_t at, std::size_t count) const
    {
        std::uint32_t value = 0;
        for (auto c : text.substr(at, count)) value = value << 8 | static_cast<unsigned char>(c);
        return value;
    }

    bool take_frame()
    {
        constexpr std::size_t header_bytes = 9;
        if (unread_.size() < header_bytes) return false;
        auto length = header_bytes + number(unread_, 0, 3);
        if (unread_.size() < length) return false;
        auto frame = unread_.substr(0, length);
        unread_.erase(0, length);
        auto flags = static_cast<std::uint8_t>(frame[4]);
        note(static_cast<http::h2_frame>(frame[3]), flags, number(frame, 5, 4), frame.substr(header_bytes));
        return true;
    }

    void note(http::h2_frame type, std::uint8_t flags, std::uint32_t stream, std::string_view payload)
    {
        using http::h2_frame;
        bool ack = (flags & h2_ack) != 0;
        switch (type) {
            case h2_frame::data: streams[stream].body += payload; break;
            case h2_frame::headers:
            case h2_frame::continuation:
                block_ += payload;
                if ((flags & http::h2_frame_header::end_headers) != 0) streams[stream].heads.push_back(inflated());
                break;
            case h2_frame::rst_stream: streams[stream].reset = static_cast<http::h2_code>(number(payload, 0, 4)); break;
            case h2_frame::window_update:
                (stream == 0 ? window : streams[stream].window) += number(payload, 0, 4);
                break;
            case h2_frame::goaway:
                goaways.push_back({number(payload, 0, 4), static_cast<http::h2_code>(number(payload, 4, 4))});
                break;
            case h2_frame::ping: ++(ack ? pongs : pings); break;
            case h2_frame::settings:
                settled = settled || !ack;
                for (std::size_t at = 0; at + 6 <= payload.size(); at += 6)
                    settings[static_cast<int>(number(payload, at, 2))] = number(payload, at + 2, 4);
                break;
            default: break;
        }
        bool may_end = type == h2_frame::data || type == h2_frame::headers;
        if (may_end && (flags & h2_ends) != 0) streams[stream].ended = true;
    }

    /// The fields of a block that is whole.
    std::string inflated()
    {
        std::string head;
        const auto* at = reinterpret_cast<const std::uint8_t*>(block_.data());
        auto left = block_.size();
        for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
            nghttp2_nv field;
            auto used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
            if (used < 0) throw std::runtime_error("a bad header block");
            at += used;
            left -= static_cast<std::size_t>(used);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
            std::string name(reinterpret_cast<const char*>(field.name), field.namelen);
            std::string value(reinterpret_cast<const char*>(field.value), field.valuelen);
            head += name == ":status" ? value + " " : name + "=" + value + ";";
        }
        nghttp2_hd_inflate_end_headers(inflater_);
        block_.clear();
        return head;
    }

    int socket_;
    std::size_t skip_;
    std::string unread_, block_;
    nghttp2_hd_inflater* inflater_ = nullptr;
};

}  // namespace lintel::test
