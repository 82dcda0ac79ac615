#include "net/buffer.hpp"

#include <algorithm>
#include <cstring>

namespace lintel::net {

buffer_pool::block buffer_pool::take()
{
    if (free_.empty()) return std::make_unique_for_overwrite<std::byte[]>(block_bytes);
    auto last = std::move(free_.back());
    free_.pop_back();
    return last;
}

void buffer_pool::give_back(block used)
{
    if (free_.size() < kept_blocks) free_.push_back(std::move(used));
}

std::span<std::byte> buffer::prepare(std::size_t least)
{
    if (empty()) begin_ = end_ = 0;
    if (capacity_ - end_ < least && capacity_ - size() >= least) {
        std::memmove(memory_.get(), memory_.get() + begin_, size());
        end_ = size();
        begin_ = 0;
    }
    if (capacity_ - end_ < least) grow(std::max(buffer_pool::block_bytes, size() + least));
    return {memory_.get() + end_, capacity_ - end_};
}

void buffer::consume(std::size_t count)
{
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
}

void buffer::release()
{
    if (capacity_ == buffer_pool::block_bytes) pool_->give_back(std::move(memory_));
    memory_.reset();
    capacity_ = begin_ = end_ = 0;
}

void buffer::grow(std::size_t capacity)
{
    bool first = capacity_ == 0 && capacity <= buffer_pool::block_bytes;
    auto larger = first ? pool_->take() : std::make_unique_for_overwrite<std::byte[]>(capacity);
    auto kept = size();
    if (kept > 0) std::memcpy(larger.get(), memory_.get() + begin_, kept);
    release();
    memory_ = std::move(larger);
    capacity_ = first ? buffer_pool::block_bytes : capacity;
    end_ = kept;
}

}  // namespace lintel::net
