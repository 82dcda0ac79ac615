#pragma once
// Bodies that a test writes out, and readers of bodies.

#include "http/body.hpp"
#include "net/event.hpp"

#include <string>
#include <vector>

namespace lintel::test {

/// Pieces one by one, each after an apparent wait; then the end, trailers or a reset. Its length is not known.
class piecewise_body final : public http::body_source {
public:
    explicit piecewise_body(std::vector<std::string> pieces, const http::fields* trailers = nullptr,
                            error_code broken = {})
        : pieces_(std::move(pieces)), trailers_(trailers), broken_(broken)
    {
    }

    std::optional<http::body_piece> ready() override { return {}; }
    now_or_later<http::body_piece> read() override
    {
        if (next_ < pieces_.size()) return http::body_piece::of(pieces_[next_++]);
        return broken_ ? http::body_piece::reset(broken_) : http::body_piece::end_with(trailers_);
    }
    std::optional<std::uint64_t> length() const override { return {}; }
    bool complete() const override { return false; }

private:
    std::vector<std::string> pieces_;
    const http::fields* trailers_;
    error_code broken_;
    std::size_t next_ = 0;
};

/// Bytes of a known length that are here at once, and an end that comes when the test says so.
class late_end final : public http::body_source {
public:
    late_end(net::event_loop& home, std::string_view bytes) : bytes_(bytes), came_(home) {}

    void come(http::body_piece end)
    {
        end_ = end;
        came_.notify();
    }

    std::optional<http::body_piece> ready() override
    {
        if (std::exchange(given_, true)) return end_;
        return http::body_piece::of(bytes_);
    }
    now_or_later<http::body_piece> read() override
    {
        if (auto piece = ready()) return *piece;
        return read_later();
    }
    std::optional<std::uint64_t> length() const override { return bytes_.size(); }
    bool complete() const override { return end_.has_value(); }

private:
    task<http::body_piece> read_later()
    {
        while (!end_) co_await came_.wait();
        co_return *end_;
    }

    std::string_view bytes_;
    net::event came_;
    std::optional<http::body_piece> end_;
    bool given_ = false;
};

/// A whole body, read to its end.
struct whole_body {
    std::string bytes, trailers;
    error_code reset;
};

inline task<whole_body> read_whole(http::body_source& from)
{
    whole_body all;
    for (;;) {
        auto piece = co_await from.read();
        all.bytes += piece.bytes;
        if (piece.what == http::body_piece::kind::bytes) continue;
        all.reset = piece.why;
        if (piece.trailers == nullptr) co_return all;
        for (const auto& each : *piece.trailers) {
            all.trailers += std::string(each.name) + '=' + std::string(each.value) + ';';
        }
        co_return all;
    }
}

}  // namespace lintel::test
