#pragma once
// The chunked transfer coding (RFC 9112 §7.1). No I/O.

#include "base/result.hpp"
#include "http/h1_parser.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lintel::http {

/// Reads a chunk-size line (RFC 9112 §7.1.1). `line`: the bytes before CRLF; extensions are skipped. Error `bad_chunk`:
/// no hex digit leads, something else than an extension follows, more than 16 digits.
result<std::uint64_t> parse_chunk_size(std::string_view line);

/// Turns coded bytes into data, piece by piece.
class chunk_decoder {
public:
    /// `policy`: for the names of trailers.
    explicit chunk_decoder(underscores policy = underscores::untouched) : policy_(policy) {}

    struct step {
        std::size_t consumed = 0;  ///< bytes of the input that are done with, `data` included
        std::string_view data;     ///< a view into the input; empty when more input is needed or at the end
        bool finished = false;     ///< the empty line after the last chunk was consumed
    };

    /// `input`: all bytes not consumed yet. Errors: `bad_chunk`, `bad_line_end`, `trailers_too_large`, and those of
    /// parse_fields for the trailers.
    result<step> decode(std::string_view input);

    /// After `finished`: the trailer fields. Their text is kept here.
    const fields& trailers() const { return trailers_; }

private:
    enum class state { size, data, data_end, trailers };

    static constexpr std::size_t line_limit_bytes = 4 * 1024;    ///< a size line with its extensions
    static constexpr std::size_t waste_limit_bytes = 64 * 1024;  ///< extensions of a whole body
    static constexpr std::size_t trailer_limit_bytes = 16 * 1024;

    result<step> read_size(std::string_view input);
    result<step> read_trailers(std::string_view input);

    underscores policy_;
    state state_ = state::size;
    std::uint64_t left_ = 0;
    std::size_t wasted_ = 0;
    head_scanner scanner_;
    std::string trailer_text_;
    fields trailers_;
};

/// The size line that goes before `size` bytes of data ("1f\r\n"), into `out`; returns its text.
struct chunk_head {
    char text[20];
    std::uint8_t length;

    explicit chunk_head(std::size_t size);
    std::string_view view() const { return {text, length}; }
};

}  // namespace lintel::http
