#include "net/stream.hpp"

#include "net/error.hpp"

#include <cassert>

namespace lintel::net {

namespace {

constexpr std::size_t most_pieces = 8;

}  // namespace

const stream::security& stream::secured() const
{
    static const security none;
    return none;
}

task<result<std::size_t>> stream::read_some(std::span<std::byte> into)
{
    if (had_its_turn()) co_await next_round();
    for (;;) {
        auto count = try_read(into);
        if (count || count.error() != errc::would_block) co_return count;
        eager_ = 0;
        if (auto ready = co_await wait(direction::read); !ready) co_return ready.error();
    }
}

task<result<std::size_t>> stream::read_into(buffer& into, std::size_t least)
{
    if (had_its_turn()) co_await next_round();
    for (;;) {
        auto count = try_read(into.prepare(least));
        if (count) into.commit(*count);
        if (count || count.error() != errc::would_block) co_return count;
        if (into.empty()) into.release();
        eager_ = 0;
        if (auto ready = co_await wait(direction::read); !ready) co_return ready.error();
    }
}

task<result<void>> stream::write_all(std::span<const std::string_view> pieces)
{
    assert(pieces.size() <= most_pieces);
    if (had_its_turn()) co_await next_round();
    std::array<std::string_view, most_pieces> left;
    auto end = std::ranges::copy(pieces, left.begin()).out;
    auto first = left.begin();
    for (;;) {
        while (first != end && first->empty()) ++first;
        if (first == end) co_return result<void>{};
        auto count = try_write({first, end});
        if (!count && count.error() == errc::would_block) {
            eager_ = 0;
            ++write_waits_;
            if (auto ready = co_await wait(direction::write); !ready) co_return ready.error();
            continue;
        }
        if (!count) co_return count.error();
        for (auto taken = *count; taken > 0;) {
            auto step = std::min(taken, first->size());
            first->remove_prefix(step);
            taken -= step;
            if (first->empty()) ++first;
        }
    }
}

task<result<void>> stream::write_all(std::string_view bytes) { co_return co_await write_all(std::span(&bytes, 1)); }

task<void> stream::finish_writing()
{
    while (!shutdown_write()) {
        if (auto ready = co_await wait(direction::write); !ready) co_return;
    }
}

}  // namespace lintel::net
