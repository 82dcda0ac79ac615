#include "net/frames.hpp"

#include "net/error.hpp"

namespace lintel::net {

namespace {

task<result<void>> read_exactly(stream& from, std::span<std::byte> into)
{
    while (!into.empty()) {
        auto count = co_await from.read_some(into);
        if (!count) co_return count.error();
        if (*count == 0) co_return errc::end_of_stream;
        into = into.subspan(*count);
    }
    co_return result<void>{};
}

}  // namespace

task<result<std::string>> read_frame(stream& from)
{
    std::array<unsigned char, 4> head{};
    if (auto got = co_await read_exactly(from, std::as_writable_bytes(std::span(head))); !got) co_return got.error();
    auto size = std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 | std::size_t{head[2]} << 8 | head[3];
    if (size > frame_limit_bytes) co_return errc::frame_too_large;
    std::string payload(size, '\0');
    if (auto got = co_await read_exactly(from, std::as_writable_bytes(std::span(payload))); !got) co_return got.error();
    co_return payload;
}

task<result<void>> write_frame(stream& to, std::string_view payload)
{
    if (payload.size() > frame_limit_bytes) co_return errc::frame_too_large;
    auto size = payload.size();
    std::array<char, 4> head{static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                             static_cast<char>(size)};
    std::array<std::string_view, 2> pieces{std::string_view(head.data(), head.size()), payload};
    co_return co_await to.write_all(pieces);
}

}  // namespace lintel::net
