#pragma once
// Bytes on their way: blocks from a per-worker pool, held only while bytes are in them.

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace lintel::net {

/// Keeps returned blocks of two sizes for the next one who asks. Belongs to one worker.
class buffer_pool {
public:
    static constexpr std::size_t block_bytes = 16 * 1024;
    static constexpr std::size_t large_bytes = 64 * 1024;  ///< for bodies that come faster than a block at a time
    using block = std::unique_ptr<std::byte[]>;

    /// `bytes`: one of the two, others come from the heap.
    block take(std::size_t bytes);
    void give_back(block used, std::size_t bytes);

private:
    static constexpr std::size_t kept_blocks = 256, kept_large = 16;
    std::vector<block> free_, free_large_;
};

/// A growing queue of contiguous bytes: filled at the end, consumed at the front. Owns no memory while it is empty and
/// `release()` was called. The bytes stay where they are until the next `prepare` or `release`.
class buffer {
public:
    explicit buffer(buffer_pool& pool) : pool_(&pool) {}
    buffer(const buffer&) = delete;
    ~buffer() { release(); }

    std::string_view bytes() const { return {reinterpret_cast<const char*>(memory_.get()) + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }

    /// At least `least` writable bytes after the present ones. Moves the present bytes when they don't fit otherwise.
    std::span<std::byte> prepare(std::size_t least);
    void commit(std::size_t count) { end_ += count; }
    void consume(std::size_t count);

    /// There is no room behind the present bytes: the last read took as much as it could.
    bool full() const { return memory_ && end_ == capacity_; }

    /// Of two buffers of one pool. The bytes stay where they are.
    void swap(buffer& other) noexcept;

    /// Gives the memory back; the bytes in it are lost.
    void release();

private:
    void grow(std::size_t capacity);

    buffer_pool* pool_;
    buffer_pool::block memory_;
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace lintel::net
