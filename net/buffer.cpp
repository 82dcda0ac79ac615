#include "net/buffer.hpp"

#include <algorithm>
#include <cstring>

namespace lintel::net {

buffer_pool::block buffer_pool::take(std::size_t bytes)
{
    auto& kept = bytes == block_bytes ? free_ : free_large_;
    bool known = bytes == block_bytes || bytes == large_bytes;
    if (!known || kept.empty()) return std::make_unique_for_overwrite<std::byte[]>(bytes);
    auto last = std::move(kept.back());
    kept.pop_back();
    return last;
}

void buffer_pool::give_back(block used, std::size_t bytes)
{
    if (bytes == block_bytes && free_.size() < kept_blocks) free_.push_back(std::move(used));
    if (bytes == large_bytes && free_large_.size() < kept_large) free_large_.push_back(std::move(used));
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

void buffer::swap(buffer& other) noexcept
{
    std::swap(memory_, other.memory_);
    std::swap(capacity_, other.capacity_);
    std::swap(begin_, other.begin_);
    std::swap(end_, other.end_);
}

void buffer::release()
{
    if (memory_) pool_->give_back(std::move(memory_), capacity_);
    memory_.reset();
    capacity_ = begin_ = end_ = 0;
}

void buffer::grow(std::size_t capacity)
{
    auto larger = pool_->take(capacity);
    auto kept = size();
    if (kept > 0) std::memcpy(larger.get(), memory_.get() + begin_, kept);
    release();
    memory_ = std::move(larger);
    capacity_ = capacity;
    end_ = kept;
}

}  // namespace lintel::net
