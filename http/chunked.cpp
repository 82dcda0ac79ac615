#include "http/chunked.hpp"

#include "base/text.hpp"
#include "http/error.hpp"

#include <charconv>

namespace lintel::http {

namespace {

constexpr std::size_t most_hex_digits = 16;

bool is_extension(std::string_view text)
{
    auto trimmed = text::trim(text);
    return trimmed.empty() ? text.empty() : trimmed.front() == ';' && is_field_value(trimmed);
}

}  // namespace

result<std::uint64_t> parse_chunk_size(std::string_view line)
{
    std::uint64_t size = 0;
    auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    auto digits = static_cast<std::size_t>(end - line.data());
    if (failure != std::errc{} || digits > most_hex_digits || size > INT64_MAX) return errc::bad_chunk;
    if (!is_extension(line.substr(digits))) return errc::bad_chunk;
    return size;
}

result<chunk_decoder::step> chunk_decoder::decode(std::string_view input)
{
    std::size_t done = 0;
    for (;;) {
        auto rest = input.substr(done);
        if (state_ == state::data) {
            auto data = rest.substr(0, std::min<std::uint64_t>(left_, rest.size()));
            left_ -= data.size();
            if (left_ == 0) state_ = state::data_end;
            if (!data.empty() || left_ > 0) return step{done + data.size(), data, false};
            continue;
        }
        if (state_ == state::data_end) {
            if (rest.size() < 2) {
                bool hopeless = rest.size() == 1 && rest[0] != '\r';
                return hopeless ? result<step>(errc::bad_chunk) : step{done, {}, false};
            }
            if (!rest.starts_with("\r\n")) return errc::bad_chunk;
            done += 2;
            state_ = state::size;
            continue;
        }
        auto next = state_ == state::size ? read_size(rest) : read_trailers(rest);
        if (!next) return next.error();
        done += next->consumed;
        if (next->consumed == 0 || next->finished) return step{done, {}, next->finished};
    }
}

result<chunk_decoder::step> chunk_decoder::read_size(std::string_view input)
{
    auto end = input.find('\n');
    if (end == input.npos) {
        if (input.size() > line_limit_bytes) return errc::bad_chunk;
        return step{};
    }
    if (end > line_limit_bytes) return errc::bad_chunk;
    if (end == 0 || input[end - 1] != '\r') return errc::bad_line_end;
    auto line = input.substr(0, end - 1);
    auto size = parse_chunk_size(line);
    if (!size) return size.error();
    wasted_ += line.size() - std::min(line.size(), line.find_first_of("; \t"));
    if (wasted_ > waste_limit_bytes) return errc::bad_chunk;
    left_ = *size;
    state_ = left_ == 0 ? state::trailers : state::data;
    return step{end + 1, {}, false};
}

result<chunk_decoder::step> chunk_decoder::read_trailers(std::string_view input)
{
    head_limits limits{
        .head_bytes = trailer_limit_bytes, .target_bytes = trailer_limit_bytes, .fields = 100, .underscores = policy_};
    auto length = scanner_.scan(input, limits);
    if (!length) return length.error() == errc::bad_line_end ? length.error() : error_code(errc::trailers_too_large);
    if (*length == 0) return step{};
    trailer_text_ = input.substr(0, *length);
    if (auto parsed = parse_fields(trailer_text_, limits, trailers_); !parsed) return parsed.error();
    return step{*length, {}, true};
}

chunk_head::chunk_head(std::size_t size)
{
    auto* end = std::to_chars(text, text + 16, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    length = static_cast<std::uint8_t>(end - text);
}

}  // namespace lintel::http
