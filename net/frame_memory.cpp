#include "net/frame_memory.hpp"

#include <array>
#include <cstdint>
#include <new>

namespace lintel::net::frame_memory {

namespace {

// The address sanitizer sees a use after return only where each frame comes from the heap.
#if __has_feature(address_sanitizer)
constexpr bool stocked = false;
#else
constexpr bool stocked = true;
#endif

constexpr std::size_t step = 32, classes = 64;  ///< frames of up to 2 KiB
constexpr std::uint32_t most_kept = 64;         ///< of each class

struct free_frame {
    free_frame* next;
};

/// The frames of one size that wait for use.
struct shelf {
    free_frame* first = nullptr;
    std::uint32_t size = 0;
};

struct stock {
    std::array<shelf, classes> shelves;

    ~stock()
    {
        for (auto& each : shelves) {
            while (auto* frame = each.first) {
                each.first = frame->next;
                ::operator delete(frame);
            }
            each.size = most_kept;  // what is destroyed after us goes to the heap
        }
    }
};

thread_local stock mine;

std::size_t class_of(std::size_t bytes) { return (bytes - 1) / step; }

}  // namespace

void* take(std::size_t bytes)
{
    auto which = class_of(bytes);
    if (!stocked || which >= classes) return ::operator new(bytes);
    auto& from = mine.shelves[which];
    if (from.first == nullptr) return ::operator new((which + 1) * step);
    auto* frame = from.first;
    from.first = frame->next;
    --from.size;
    return frame;
}

void give_back(void* memory, std::size_t bytes) noexcept
{
    auto which = class_of(bytes);
    if (!stocked || which >= classes) return ::operator delete(memory);
    auto& to = mine.shelves[which];
    if (to.size == most_kept) return ::operator delete(memory);
    to.first = new (memory) free_frame{to.first};
    ++to.size;
}

}  // namespace lintel::net::frame_memory
