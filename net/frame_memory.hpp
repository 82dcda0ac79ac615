#pragma once
// Memory of coroutine frames: a request takes and returns some thirty of them, always the same sizes.

#include <cstddef>

namespace lintel::net::frame_memory {

/// From this thread's stock, else from the heap.
void* take(std::size_t bytes);

/// `bytes`: as taken. Any thread may return it: to its own stock, as far as that keeps so many.
void give_back(void* memory, std::size_t bytes) noexcept;

}  // namespace lintel::net::frame_memory
