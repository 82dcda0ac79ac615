#include "net/peeked_stream.hpp"

#include "net/error.hpp"

#include <algorithm>
#include <cstring>

namespace lintel::net {

namespace {

constexpr std::size_t least_read_bytes = 2 * 1024;

}  // namespace

peeked_stream::peeked_stream(worker& home, std::unique_ptr<stream> lower)
    : lower_(std::move(lower)), early_(home.buffers())
{
}

task<result<void>> peeked_stream::peek_more()
{
    // Into the room that is there; where there is none it doubles: what drips is not copied for each drop.
    auto least = early_.full() ? std::max(least_read_bytes, early_.size()) : 1;
    auto count = co_await lower_->read_into(early_, least);
    if (!count) co_return count.error();
    if (*count == 0) co_return errc::end_of_stream;
    co_return result<void>{};
}

void peeked_stream::skip(std::size_t count)
{
    early_.consume(count);
    if (early_.empty()) early_.release();
}

result<std::size_t> peeked_stream::try_read(std::span<std::byte> into)
{
    if (early_.empty()) return lower_->try_read(into);
    auto count = std::min(into.size(), early_.size());
    std::memcpy(into.data(), early_.bytes().data(), count);
    skip(count);
    return count;
}

ready_wait peeked_stream::wait(direction what)
{
    if (what == direction::read && !early_.empty()) return ready_wait();
    return lower_->wait(what);
}

void peeked_stream::close(manner how)
{
    early_.release();
    lower_->close(how);
}

}  // namespace lintel::net
