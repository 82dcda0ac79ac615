#pragma once
// Message bodies, pulled piece by piece: not asking for the next piece is the back-pressure.

#include "base/result.hpp"
#include "http/fields.hpp"
#include "net/task.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace lintel::http {

/// What one read gives. Trailers and truncation can't be lost: they are the end's own kinds.
struct body_piece {
    enum class kind { bytes, end, reset };
    kind what = kind::end;
    std::string_view bytes;            ///< never empty for kind::bytes; valid until the next read
    const fields* trailers = nullptr;  ///< at the end: null when there are none
    error_code why;                    ///< at a reset
    bool last = false;  ///< bytes behind which an end without trailers is ready: they can be sent with it

    static body_piece of(std::string_view bytes, bool last = false) { return {kind::bytes, bytes, nullptr, {}, last}; }
    static body_piece end_with(const fields* trailers) { return {kind::end, {}, trailers, {}}; }
    static body_piece reset(error_code why) { return {kind::reset, {}, nullptr, why}; }

    /// Nothing but the end comes behind it.
    bool ends() const { return last || what == kind::end; }
};

class body_source {
public:
    virtual ~body_source() = default;

    /// The next piece, if it can be had without waiting.
    virtual std::optional<body_piece> ready() = 0;

    /// The next piece. After an end or a reset the same answer again.
    virtual now_or_later<body_piece> read() = 0;

    /// The size of the whole body in bytes, where it is known beforehand.
    virtual std::optional<std::uint64_t> length() const = 0;

    /// All of it is here: ready() goes on to the end without waiting.
    virtual bool complete() const = 0;
};

/// After the last piece was sent, its source must see the end, too: it may have something to do then. Errors:
/// `upstream_failed` where there is none.
result<void> take_end(body_source& from);

/// A body that is here already, in memory that someone else keeps.
class memory_body final : public body_source {
public:
    explicit memory_body(std::string_view bytes = {}, const fields* trailers = nullptr)
        : bytes_(bytes), trailers_(trailers)
    {
    }

    std::optional<body_piece> ready() override
    {
        if (given_ || bytes_.empty()) return body_piece::end_with(trailers_);
        given_ = true;
        return body_piece::of(bytes_, trailers_ == nullptr);
    }
    now_or_later<body_piece> read() override { return *ready(); }
    std::optional<std::uint64_t> length() const override
    {
        return trailers_ == nullptr ? std::optional<std::uint64_t>(bytes_.size()) : std::nullopt;
    }
    bool complete() const override { return true; }

private:
    std::string_view bytes_;
    const fields* trailers_;
    bool given_ = false;
};

}  // namespace lintel::http
