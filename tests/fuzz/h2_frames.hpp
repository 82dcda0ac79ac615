#pragma once
// Frames of HTTP/2 from a fuzzer's bytes, and streams that hear of them: structure-aware, so that what it changes is
// mostly more than a broken length.

#include "http/h2_session.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/support/h2_bytes.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace lintel::fuzz {

/// A stream with a body to send. Nothing may be asked of it after its end.
class sending_stream : public http::h2_stream {
public:
    explicit sending_stream(std::string_view body = {}) : body_(body) {}

    void on_end() override { require(!std::exchange(ended_, true)); }
    void on_closed(http::h2_code) override { require(!std::exchange(closed_, true)); }
    offer offered(std::size_t most) override
    {
        require(!closed_);
        auto count = std::min(most, body_.size());
        return {count, count == body_.size(), nullptr};
    }
    std::string_view take(std::size_t count) override
    {
        auto taken = body_.substr(0, count);
        body_.remove_prefix(taken.size());
        return taken;
    }
    void on_sent() override { require(!closed_ && body_.empty()); }

    bool closed() const { return closed_; }
    bool ended() const { return ended_; }

protected:
    ~sending_stream() = default;

    std::string_view body_;

private:
    bool ended_ = false, closed_ = false;
};

/// Each frame: type, flags, stream, the length of its payload in two bytes, and the payload as far as there is one.
inline std::string framed(std::string_view input)
{
    constexpr unsigned types = 18;
    std::string out;
    while (input.size() >= 5) {
        auto octet = [&](std::size_t at) { return static_cast<unsigned char>(input[at]); };
        auto size = std::min<std::size_t>(octet(3) << 8 | octet(4), input.size() - 5);
        out += test::h2_frame_bytes(octet(0) % types, octet(1), octet(2), input.substr(5, size));
        input.remove_prefix(5 + size);
    }
    return out;
}

/// What a peer says: its SETTINGS and then frames; behind a first byte of 0xFF all of it as it is.
inline std::string said(std::string_view input)
{
    if (input.starts_with('\xFF')) return std::string(input.substr(1));
    return test::h2_frame_bytes(4, 0, 0, "") + framed(input);
}

}  // namespace lintel::fuzz
