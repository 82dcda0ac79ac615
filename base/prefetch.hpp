#pragma once
// Memory asked for before it is needed, so that the waits for it run beside each other and beside other work.

#include <cstddef>

namespace lintel {

/// The whole of an object, without what it points to.
template <class T>
void prefetch(const T& object)
{
    constexpr std::size_t line_bytes = 64;
    const auto* first = reinterpret_cast<const char*>(&object);
    for (std::size_t at = 0; at < sizeof(T); at += line_bytes) __builtin_prefetch(first + at);
}

}  // namespace lintel
