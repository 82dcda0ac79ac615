#include "http/h2_library.hpp"

#include "http/field_rules.hpp"
#include "net/buffer.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace lintel::http {

namespace {

constexpr std::size_t frame_header_bytes = 9;
constexpr std::size_t most_data_bytes = 16 * 1024;
constexpr std::size_t packing_bytes = frame_header_bytes + 1 + most_data_bytes;  ///< 1: the length of a padding

void append(net::buffer& out, std::string_view bytes)
{
    if (bytes.empty()) return;  // where there are none, they may be nowhere
    std::memcpy(out.prepare(bytes.size()).data(), bytes.data(), bytes.size());
    out.commit(bytes.size());
}

/// nghttp2 packs what it sends, frame by frame, into memory that each of its sessions has for that, as much as a frame
/// may have. What is in there is copied before anything else is packed, so that all sessions of a thread share it.
std::byte* shared_packing_memory()
{
    thread_local const auto shared = std::make_unique_for_overwrite<std::byte[]>(packing_bytes);
    return shared.get();
}

}  // namespace

struct h2_session::library::called {
    static h2_session& self(void* user) { return *static_cast<h2_session*>(user); }

    static int head_begun(nghttp2_session* session, const nghttp2_frame* frame, void* user)
    {
        if (frame->hd.type != NGHTTP2_HEADERS) return 0;
        auto id = frame->hd.stream_id;
        auto* which = stream(session, id);
        if (which == nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            which = self(user).events_.on_stream(id);
            if (which == nullptr) self(user).reset(id, h2_code::refused_stream);
            nghttp2_session_set_stream_user_data(session, id, which);
        }
        return 0;
    }

    static int field(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                     std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t, void*)
    {
        if (auto* which = stream(session, frame->hd.stream_id))
            which->on_field(text_of(name, name_size), text_of(value, value_size));
        return 0;
    }

    static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user)
    {
        bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
        if (frame->hd.type == NGHTTP2_SETTINGS && !ack) self(user).events_.on_settings();
        if (frame->hd.type == NGHTTP2_GOAWAY) self(user).events_.on_goaway();
        if (frame->hd.type == NGHTTP2_PING && ack) self(user).events_.on_pong();
        if (frame->hd.type == NGHTTP2_PRIORITY_UPDATE)
            self(user).updated(static_cast<nghttp2_ext_priority_update*>(frame->ext.payload)->stream_id);
        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
        auto* which = stream(session, frame->hd.stream_id);
        if (which == nullptr) return 0;
        if (frame->hd.type == NGHTTP2_HEADERS) which->on_head(ends);
        if (ends) which->on_end();
        return 0;
    }

    static int invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int why, void* user)
    {
        if (frame->hd.type == NGHTTP2_HEADERS && why == NGHTTP2_ERR_PROTO) self(user).events_.on_invalid_request();
        return 0;
    }

    static int data(nghttp2_session* session, std::uint8_t, h2_stream_id id, const std::uint8_t* bytes,
                    std::size_t size, void*)
    {
        if (auto* which = stream(session, id))
            which->on_data(text_of(bytes, size));
        else
            must(nghttp2_session_consume(session, id, size));
        return 0;
    }

    static int closed(nghttp2_session* session, h2_stream_id id, std::uint32_t why, void* user)
    {
        std::erase(self(user).updated_, id);
        auto* which = stream(session, id);
        if (which == nullptr) return 0;
        nghttp2_session_set_stream_user_data(session, id, nullptr);
        which->on_closed(static_cast<h2_code>(why));
        return 0;
    }

    static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user)
    {
        if (frame->hd.type == NGHTTP2_RST_STREAM)
            self(user).events_.on_reset_sent(static_cast<h2_code>(frame->rst_stream.error_code));
        bool ends = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                    (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (!ends) return 0;
        if (auto* which = stream(session, frame->hd.stream_id)) which->on_sent();
        return 0;
    }

    /// How large the next DATA frame may be: what there is room for.
    static ssize_t data_length(nghttp2_session*, std::uint8_t, h2_stream_id, std::int32_t session_window,
                               std::int32_t stream_window, std::uint32_t most, void* user)
    {
        auto& here = self(user);
        auto used = here.out_->size() + frame_header_bytes;
        auto room = std::clamp(here.end_ > used ? here.end_ - used : 0, least_data_bytes, most_data_bytes);
        auto wanted = std::min<std::size_t>(room, most);
        auto window = static_cast<std::size_t>(std::min(session_window, stream_window));
        here.at_window_ = window < wanted;
        return static_cast<ssize_t>(std::min(wanted, window));
    }

    static ssize_t offered(nghttp2_session* session, h2_stream_id id, std::uint8_t*, std::size_t most,
                           std::uint32_t* flags, nghttp2_data_source*, void* user)
    {
        auto* which = stream(session, id);
        if (which == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        auto offer = which->offered(most);
        if (offer.bytes == 0 && !offer.last) return NGHTTP2_ERR_DEFERRED;
        self(user).at_window_ = self(user).at_window_ && offer.bytes == most && !offer.last;
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (offer.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (offer.last && offer.trailers != nullptr && submit_trailers(session, id, *offer.trailers))
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        return static_cast<ssize_t>(offer.bytes);
    }

    /// False: none of them may be sent.
    static bool submit_trailers(nghttp2_session* session, h2_stream_id id, const fields& trailers)
    {
        name_values list(trailers.size());
        for (const auto& each : trailers) {
            if (may_trail(each)) list.add(each.name, each.value);
        }
        if (list.size() > 0) must(nghttp2_submit_trailer(session, id, list.data(), list.size()));
        return list.size() > 0;
    }

    static int send_data(nghttp2_session* session, nghttp2_frame* frame, const std::uint8_t* header, std::size_t size,
                         nghttp2_data_source*, void* user)
    {
        auto& here = self(user);
        auto& out = *here.out_;
        auto* which = stream(session, frame->hd.stream_id);
        if (which == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        auto bytes = which->take(size);
        if (bytes.size() != size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // broken off meanwhile
        append(out, text_of(header, frame_header_bytes));
        append(out, bytes);
        here.events_.on_data_sent(size, here.at_window_);
        here.ran_dry_ = here.crowded_ && which->runs_dry();
        return here.is_full() || here.ran_dry_ ? NGHTTP2_ERR_PAUSE : 0;  // nothing stays packed
    }
};

const nghttp2_session_callbacks* h2_session::library::callbacks()
{
    static const auto* made = [] {
        nghttp2_session_callbacks* fresh = nullptr;
        must(nghttp2_session_callbacks_new(&fresh));
        nghttp2_session_callbacks_set_on_begin_headers_callback(fresh, called::head_begun);
        nghttp2_session_callbacks_set_on_header_callback(fresh, called::field);
        nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, called::frame_received);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(fresh, called::invalid_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, called::data);
        nghttp2_session_callbacks_set_on_stream_close_callback(fresh, called::closed);
        nghttp2_session_callbacks_set_on_frame_send_callback(fresh, called::frame_sent);
        nghttp2_session_callbacks_set_data_source_read_length_callback(fresh, called::data_length);
        nghttp2_session_callbacks_set_send_data_callback(fresh, called::send_data);
        return fresh;
    }();
    return made;
}

const nghttp2_option* h2_session::library::options()
{
    static const auto* made = [] {
        nghttp2_option* fresh = nullptr;
        must(nghttp2_option_new(&fresh));
        nghttp2_option_set_no_auto_window_update(fresh, 1);
        nghttp2_option_set_no_http_messaging(fresh, 1);  // one place judges messages, whatever their version
        nghttp2_option_set_max_continuations(fresh, 8);  // behind h2_frame_rules
        nghttp2_option_set_max_send_header_block_length(fresh, 16 * 1024 * 1024);  // bounded where heads are read
        nghttp2_option_set_stream_reset_rate_limit(fresh, 100'000, 10'000);        // behind our own budget, which tells
        nghttp2_option_set_builtin_recv_extension_type(fresh, NGHTTP2_PRIORITY_UPDATE);
        return fresh;
    }();
    return made;
}

nghttp2_data_provider h2_session::library::body() { return {{}, called::offered}; }

struct h2_session::library::allocator {
    static std::byte*& packing(void* session) { return static_cast<h2_session*>(session)->packing_; }

    static void* take(std::size_t bytes, void* session)
    {
        if (bytes != packing_bytes || packing(session) != nullptr) return std::malloc(bytes);
        return packing(session) = shared_packing_memory();
    }
    static void give_back(void* used, void* session)
    {
        if (used != packing(session)) std::free(used);
    }
    static void* take_zeroes(std::size_t count, std::size_t bytes, void*) { return std::calloc(count, bytes); }
    static void* resize(void* used, std::size_t bytes, void* session)
    {
        if (used == nullptr) return take(bytes, session);
        assert(used != packing(session));  // it has room for any frame that we send
        return std::realloc(used, bytes);
    }
};

nghttp2_mem h2_session::library::memory(h2_session& of)
{
    return {&of, allocator::take, allocator::give_back, allocator::take_zeroes, allocator::resize};
}

}  // namespace lintel::http
