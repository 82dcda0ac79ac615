#include "http/h2_session.hpp"

#include "http/h2_library.hpp"
#include "net/buffer.hpp"

#include <algorithm>
#include <cstring>

namespace lintel::http {

h2_session::h2_session(role which, events& heard) : events_(heard)
{
    auto own = library::memory(*this);
    // A client's first words are packed here and now, and stay: it has memory of its own for them.
    must(which == role::server
             ? nghttp2_session_server_new3(&session_, library::callbacks(), this, library::options(), &own)
             : nghttp2_session_client_new2(&session_, library::callbacks(), this, library::options()));
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

bool h2_session::produce(net::buffer& out, std::size_t room_bytes, bool crowded)
{
    out_ = &out;
    end_ = room_bytes;
    crowded_ = crowded && ordered_;
    ran_dry_ = false;
    while (!is_full() && !ran_dry_) {
        const std::uint8_t* bytes = nullptr;
        auto count = nghttp2_session_mem_send(session_, &bytes);
        if (count <= 0) {
            must(static_cast<int>(count));
            break;
        }
        auto size = static_cast<std::size_t>(count);
        std::memcpy(out.prepare(size).data(), bytes, size);
        out.commit(size);
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
    auto body = library::body();
    must(nghttp2_submit_response(session_, id, out.data(), out.size(), how == head::with_body ? &body : nullptr));
}

h2_stream_id h2_session::begin(std::span<const h2_field> list, head how, h2_stream& by)
{
    name_values out(list.size());
    for (const auto& each : list) out.add(each.name, each.value);
    auto body = library::body();
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
    bool known = library::stream(session_, id) != nullptr;
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
