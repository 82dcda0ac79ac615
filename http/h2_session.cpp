#include "http/h2_session.hpp"

#include "http/field_rules.hpp"

#include <nghttp2/nghttp2.h>
#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

namespace lintel::http {

namespace {

constexpr std::size_t frame_header_bytes = 9;
constexpr std::size_t least_data_bytes = 1024;  ///< a frame that a body gets while there is little room
constexpr std::size_t most_data_bytes = 16 * 1024;
constexpr std::size_t packing_bytes = frame_header_bytes + 1 + most_data_bytes;  ///< 1: the length of a padding

std::string_view text_of(const std::uint8_t* bytes, std::size_t count)
{
    return {reinterpret_cast<const char*>(bytes), count};
}

void append(net::buffer& out, std::string_view bytes)
{
    if (bytes.empty()) return;  // where there are none, they may be nowhere
    std::memcpy(out.prepare(bytes.size()).data(), bytes.data(), bytes.size());
    out.commit(bytes.size());
}

/// As nghttp2 takes them, which makes its own copies.
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

void must(int returned)
{
    if (returned == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
}

/// nghttp2 packs what it sends, frame by frame, into memory that each of its sessions has for that, as much as a frame
/// may have. What is in there is copied before anything else is packed, so that all sessions of a thread share it.
std::byte* shared_packing_memory()
{
    thread_local const auto shared = std::make_unique_for_overwrite<std::byte[]>(packing_bytes);
    return shared.get();
}

}  // namespace

/// The heap, but for that.
struct h2_session::memory {
    static nghttp2_mem of(h2_session& session) { return {&session, take, give_back, take_zeroes, resize}; }

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

struct h2_session::callbacks {
    static h2_session& self(void* user) { return *static_cast<h2_session*>(user); }
    static h2_stream* stream(nghttp2_session* session, h2_stream_id id)
    {
        return static_cast<h2_stream*>(nghttp2_session_get_stream_user_data(session, id));
    }

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
        here.ran_dry_ = here.ordered_ && which->runs_dry();
        return here.is_full() || here.ran_dry_ ? NGHTTP2_ERR_PAUSE : 0;  // nothing stays packed
    }

    static const nghttp2_session_callbacks* all()
    {
        static const auto* made = [] {
            nghttp2_session_callbacks* fresh = nullptr;
            must(nghttp2_session_callbacks_new(&fresh));
            nghttp2_session_callbacks_set_on_begin_headers_callback(fresh, head_begun);
            nghttp2_session_callbacks_set_on_header_callback(fresh, field);
            nghttp2_session_callbacks_set_on_frame_recv_callback(fresh, frame_received);
            nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(fresh, invalid_frame);
            nghttp2_session_callbacks_set_on_data_chunk_recv_callback(fresh, data);
            nghttp2_session_callbacks_set_on_stream_close_callback(fresh, closed);
            nghttp2_session_callbacks_set_on_frame_send_callback(fresh, frame_sent);
            nghttp2_session_callbacks_set_data_source_read_length_callback(fresh, data_length);
            nghttp2_session_callbacks_set_send_data_callback(fresh, send_data);
            return fresh;
        }();
        return made;
    }

    static const nghttp2_option* options()
    {
        static const auto* made = [] {
            nghttp2_option* fresh = nullptr;
            must(nghttp2_option_new(&fresh));
            nghttp2_option_set_no_auto_window_update(fresh, 1);
            nghttp2_option_set_no_http_messaging(fresh, 1);  // one place judges messages, whatever their version
            nghttp2_option_set_max_continuations(fresh, 8);  // behind h2_frame_rules
            nghttp2_option_set_max_send_header_block_length(fresh, 16 * 1024 * 1024);  // bounded where heads are read
            nghttp2_option_set_stream_reset_rate_limit(fresh, 100'000, 10'000);  // behind our own budget, which tells
            nghttp2_option_set_builtin_recv_extension_type(fresh, NGHTTP2_PRIORITY_UPDATE);
            return fresh;
        }();
        return made;
    }
};

h2_session::h2_session(role which, events& heard) : events_(heard)
{
    auto own = memory::of(*this);
    // A client's first words are packed here and now, and stay: it has memory of its own for them.
    must(which == role::server
             ? nghttp2_session_server_new3(&session_, callbacks::all(), this, callbacks::options(), &own)
             : nghttp2_session_client_new2(&session_, callbacks::all(), this, callbacks::options()));
    using entry = nghttp2_settings_entry;
    constexpr entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window_bytes};
    constexpr std::array as_client{window, entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, answer_list_bytes},
                                   entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    constexpr std::array as_server{window, entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_list_bytes},
                                   entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams},
                                   entry{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
                                   entry{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}};
    bool serves = which == role::server;
    must(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, serves ? as_server.data() : as_client.data(),
                                 serves ? as_server.size() : as_client.size()));
    // What our own calls read slowly is bounded by their streams: none of them may hold up the others.
    auto of_all = serves ? connection_window_bytes : static_cast<std::int32_t>(streams) * stream_window_bytes;
    must(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, of_all));
}

h2_session::~h2_session() { nghttp2_session_del(session_); }

bool h2_session::receive(std::string_view bytes)
{
    auto taken = nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken >= 0) return nghttp2_session_want_read(session_) != 0;
    must(static_cast<int>(taken));
    bool flooded = taken == NGHTTP2_ERR_FLOODED;
    terminate(flooded ? h2_code::enhance_your_calm : h2_code::protocol_error);
    return false;
}

bool h2_session::produce(net::buffer& out, std::size_t room_bytes)
{
    out_ = &out;
    end_ = room_bytes;
    ran_dry_ = false;
    while (!is_full() && !ran_dry_) {
        const std::uint8_t* bytes = nullptr;
        auto count = nghttp2_session_mem_send(session_, &bytes);
        if (count <= 0) {
            must(static_cast<int>(count));
            break;
        }
        append(out, text_of(bytes, static_cast<std::size_t>(count)));
    }
    out_ = nullptr;
    return !ran_dry_;
}

bool h2_session::is_full() const { return out_->size() + least_data_bytes >= end_; }

bool h2_session::over() const
{
    return nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
}

void h2_session::send_head(h2_stream_id id, std::span<const h2_field> list, head how)
{
    name_values out(list.size());
    for (const auto& each : list) out.add(each.name, each.value);
    if (how == head::interim) {
        must(nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, out.data(), out.size(), nullptr));
        return;
    }
    nghttp2_data_provider body{{}, callbacks::offered};
    must(nghttp2_submit_response(session_, id, out.data(), out.size(), how == head::with_body ? &body : nullptr));
}

h2_stream_id h2_session::begin(std::span<const h2_field> list, head how, h2_stream& by)
{
    name_values out(list.size());
    for (const auto& each : list) out.add(each.name, each.value);
    nghttp2_data_provider body{{}, callbacks::offered};
    auto* offered = how == head::with_body ? &body : nullptr;
    auto id = nghttp2_submit_request(session_, nullptr, out.data(), out.size(), offered, &by);
    must(id);
    return std::max(id, 0);
}

std::uint32_t h2_session::peer_streams() const
{
    return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

void h2_session::resume(h2_stream_id id) { must(nghttp2_session_resume_data(session_, id)); }

void h2_session::reset(h2_stream_id id, h2_code why)
{
    must(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<std::uint32_t>(why)));
}

void h2_session::forget(h2_stream_id id) { nghttp2_session_set_stream_user_data(session_, id, nullptr); }

void h2_session::consumed(h2_stream_id id, std::size_t bytes)
{
    if (bytes > 0) must(nghttp2_session_consume(session_, id, bytes));
}

void h2_session::prioritise(h2_stream_id id, unsigned urgency, bool incremental)
{
    if (std::erase(updated_, id) > 0) return;
    ordered_ = true;
    nghttp2_extpri wanted{urgency, incremental ? 1 : 0};
    must(nghttp2_session_change_extpri_stream_priority(session_, id, &wanted, 0));
}

void h2_session::updated(h2_stream_id id)
{
    ordered_ = true;
    bool known = callbacks::stream(session_, id) != nullptr;
    if (!known && updated_.size() < streams) updated_.push_back(id);
}

void h2_session::announce_end() { must(nghttp2_submit_shutdown_notice(session_)); }

void h2_session::ping() { must(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr)); }

void h2_session::refuse_further()
{
    auto last = nghttp2_session_get_last_proc_stream_id(session_);
    must(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0));
}

void h2_session::terminate(h2_code why)
{
    must(nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(why)));
}

}  // namespace lintel::http
