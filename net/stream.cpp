#include "net/stream.hpp"

#include "net/error.hpp"

#include <cassert>

namespace lintel::net {

const stream::security& stream::secured() const
{
    static const security none;
    return none;
}

result<std::size_t> stream::try_splice_out(int, std::size_t) { return make_error_code(errc::aborted); }
result<std::size_t> stream::try_splice_in(int, std::size_t) { return make_error_code(errc::aborted); }

stream::remainder::remainder(std::span<const std::string_view> pieces)
{
    assert(pieces.size() <= most_pieces);
    for (auto each : pieces) {
        if (!each.empty()) pieces_[end_++] = each;
    }
}

void stream::remainder::drop(std::size_t count)
{
    while (count > 0) {
        auto& first = pieces_[first_];
        auto step = std::min(count, first.size());
        first.remove_prefix(step);
        count -= step;
        if (first.empty()) ++first_;
    }
}

/// Whoever has done much without a wait lets the others of the worker go first.
task<void> stream::turn()
{
    if (eager_ < most_eager) co_return;
    eager_ = 0;
    co_await next_round();
}

now_or_later<result<std::size_t>> stream::read_some(std::span<std::byte> into)
{
    if (has_a_turn()) {
        auto count = try_read(into);
        if (count || count.error() != errc::would_block) return count;
    }
    return read_some_later(into);
}

task<result<std::size_t>> stream::read_some_later(std::span<std::byte> into)
{
    co_await turn();
    for (;;) {
        auto count = try_read(into);
        if (count || count.error() != errc::would_block) co_return count;
        eager_ = 0;
        if (auto ready = co_await wait(direction::read); !ready) co_return ready.error();
    }
}

now_or_later<result<std::size_t>> stream::read_into(buffer& into, std::size_t least)
{
    if (has_a_turn() && readable_so_far()) {
        auto count = try_read(into.prepare(least));
        if (count) into.commit(*count);
        if (count || count.error() != errc::would_block) return count;
    }
    return read_into_later(into, least);
}

task<result<std::size_t>> stream::read_into_later(buffer& into, std::size_t least)
{
    co_await turn();
    for (;;) {
        if (readable_so_far()) {
            auto count = try_read(into.prepare(least));
            if (count) into.commit(*count);
            if (count || count.error() != errc::would_block) co_return count;
        }
        if (into.empty()) into.release();
        eager_ = 0;
        if (auto ready = co_await wait(direction::read); !ready) co_return ready.error();
    }
}

now_or_later<result<void>> stream::write_all(std::span<const std::string_view> pieces)
{
    remainder left(pieces);
    if (left.empty()) return result<void>();
    if (has_a_turn()) {
        auto count = try_write(left.pieces());
        if (!count && count.error() != errc::would_block) return result<void>(count.error());
        if (count) left.drop(*count);
        if (left.empty()) return result<void>();
    }
    return write_all_later(left);
}

task<result<void>> stream::write_all_later(remainder left)
{
    co_await turn();
    while (!left.empty()) {
        auto count = try_write(left.pieces());
        if (!count && count.error() == errc::would_block) {
            eager_ = 0;
            ++write_waits_;
            if (auto ready = co_await wait(direction::write); !ready) co_return ready.error();
            continue;
        }
        if (!count) co_return count.error();
        left.drop(*count);
    }
    co_return result<void>();
}

task<void> stream::finish_writing()
{
    while (!shutdown_write()) {
        if (auto ready = co_await wait(direction::write); !ready) co_return;
    }
}

}  // namespace lintel::net
