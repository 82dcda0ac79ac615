#pragma once
// nghttp2's side of a session: what it calls, what it is set to, the memory it takes. For h2_session only.

#include "http/h2_session.hpp"

#include <nghttp2/nghttp2.h>
#include <array>
#include <new>
#include <string_view>
#include <vector>

namespace lintel::http {

inline std::string_view text_of(const std::uint8_t* bytes, std::size_t count)
{
    return {reinterpret_cast<const char*>(bytes), count};
}

/// Of nghttp2's errors the one that no caller can do anything about.
inline void must(int returned)
{
    if (returned == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
}

/// Fields as nghttp2 takes them, which makes its own copies.
class name_values {
public:
    explicit name_values(std::size_t count)
    {
        if (count > few_.size()) many_.resize(count);
    }

    void add(std::string_view name, std::string_view value)
    {
        auto octets = [](std::string_view text) {
            return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // NOLINT: nghttp2 only reads
        };
        data()[count_++] = {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    }
    nghttp2_nv* data() { return many_.empty() ? few_.data() : many_.data(); }
    std::size_t size() const { return count_; }

private:
    std::array<nghttp2_nv, 32> few_;
    std::vector<nghttp2_nv> many_;
    std::size_t count_ = 0;
};

struct h2_session::library {
    /// Of all sessions.
    static const nghttp2_session_callbacks* callbacks();
    static const nghttp2_option* options();

    /// Memory for one session: the heap, but for what its frames are packed in.
    static nghttp2_mem memory(h2_session& of);

    /// Gives a body's DATA, as h2_stream offers it.
    static nghttp2_data_provider body();

    static h2_stream* stream(nghttp2_session* session, h2_stream_id id)
    {
        return static_cast<h2_stream*>(nghttp2_session_get_stream_user_data(session, id));
    }

private:
    struct called;
    struct allocator;
};

}  // namespace lintel::http
