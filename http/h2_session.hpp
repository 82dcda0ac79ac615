#pragma once
// An HTTP/2 connection without I/O: bytes in, events out, bytes out (RFC 9113). nghttp2 knows the protocol: frames,
// streams, windows, HPACK; what messages mean is decided above.

#include "base/result.hpp"
#include "http/h2_frames.hpp"
#include "net/buffer.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

struct nghttp2_session;

namespace lintel::http {

class fields;

using h2_stream_id = std::int32_t;

/// A field or pseudo-field to be sent. Names may be in any case: they leave in lower case.
struct h2_field {
    std::string_view name, value;
};

/// What has to do with one stream. All of it is called while the session receives or produces: nothing here may call
/// receive() or produce().
class h2_stream {
public:
    /// A header block: of the message first, then of its trailers. `ends`: the message is whole.
    virtual void on_field(std::string_view name, std::string_view value) = 0;
    virtual void on_head(bool ends) = 0;
    virtual void on_data(std::string_view bytes) = 0;
    virtual void on_end() = 0;

    /// Nobody sends on this stream any more. The last call.
    virtual void on_closed(h2_code why) = 0;

    /// What can be sent of the outgoing body, at most `most` bytes.
    struct offer {
        std::size_t bytes = 0;
        bool last = false;                 ///< the body ends with these
        const fields* trailers = nullptr;  ///< and has these behind it
    };
    virtual offer offered(std::size_t most) = 0;
    /// The next `count` of the bytes that were offered. They are copied at once.
    virtual std::string_view take(std::size_t count) = 0;
    /// All that was offered is taken, and it isn't the end.
    bool runs_dry()
    {
        auto more = offered(1);
        return more.bytes == 0 && !more.last;
    }
    /// The last frame of the outgoing message is among what was produced.
    virtual void on_sent() = 0;

protected:
    ~h2_stream() = default;
};

class h2_session {
public:
    enum class role { server, client };

    class events {
    public:
        /// A server's: a request begins. Null: it is refused (RFC 9113 §8.7).
        virtual h2_stream* on_stream(h2_stream_id id) = 0;
        /// A request that may not be: an error of the connection, which ends.
        virtual void on_invalid_request() = 0;
        virtual void on_reset_sent(h2_code why) = 0;
        /// A DATA frame. `starved`: it would have been larger, had the peer opened its windows further.
        virtual void on_data_sent(std::size_t bytes, bool starved) = 0;
        virtual void on_pong() = 0;
        /// The peer begins no more streams, or takes no more: those it did nothing with are closed as refused.
        virtual void on_goaway() {}
        /// The peer has said what it takes, or something else than before.
        virtual void on_settings() {}

    protected:
        ~events() = default;
    };

    static constexpr std::uint32_t streams = 100;                   ///< that a client may have at a time
    static constexpr std::uint32_t header_list_bytes = 64 * 1024;   ///< of a request, as RFC 9113 §10.5.1 counts them
    static constexpr std::uint32_t answer_list_bytes = 128 * 1024;  ///< of a response: 1,000 fields count 32 KiB more
    static constexpr std::int32_t stream_window_bytes = 64 * 1024;  ///< of a body that nobody has read yet
    static constexpr std::int32_t connection_window_bytes = 1024 * 1024;

    /// Belongs to the thread that makes it. `heard` must outlive it.
    h2_session(role which, events& heard);
    ~h2_session();
    h2_session(const h2_session&) = delete;

    /// Takes what came from the peer. False: no more will be taken. What is wrong with it is said by what is produced
    /// next; then the session is over().
    bool receive(std::string_view bytes);

    /// Appends frames to `out`, as many as there is room for in `room_bytes` (a little more for a head). Frames of
    /// streams by their urgency (RFC 9218 §10). `crowded`: the peer takes less than there is, so that order matters.
    /// False: then a stream that may go before others has given all that it had for now; what it has in the next round
    /// of the loop goes before theirs.
    bool produce(net::buffer& out, std::size_t room_bytes, bool crowded = false);

    /// Nothing more will be received or sent.
    bool over() const;

    /// Sends a head. `how`: an interim one, one with a body (which the stream offers), or one that is the whole
    /// message.
    enum class head { interim, with_body, whole };
    void send_head(h2_stream_id id, std::span<const h2_field> list, head how);

    /// A client's: begins a stream with its request. 0: no number is left for it.
    h2_stream_id begin(std::span<const h2_field> list, head how, h2_stream& by);

    /// How many streams the peer takes at a time.
    std::uint32_t peer_streams() const;

    /// The stream has more to offer.
    void resume(h2_stream_id id);

    /// Breaks the stream off; it hears nothing more but on_closed().
    void reset(h2_stream_id id, h2_code why);

    /// The stream is not asked or told anything any more. What still arrives for it counts as read.
    void forget(h2_stream_id id);

    /// So many bytes of its body were used, and as many may come.
    void consumed(h2_stream_id id, std::size_t bytes);

    /// As its head asks (RFC 9218 §4). A PRIORITY_UPDATE that came before it counts more (§7).
    void prioritise(h2_stream_id id, unsigned urgency, bool incremental);

    /// GOAWAY in two steps (RFC 9113 §6.8): the first tells the peer to begin nothing more; the second, a round trip
    /// later (ping), says which requests were heard.
    void announce_end();
    void ping();
    void refuse_further();

    /// GOAWAY, and nothing after it.
    void terminate(h2_code why);

private:
    struct library;

    static constexpr std::size_t least_data_bytes = 1024;  ///< a frame that a body gets while there is little room

    bool is_full() const;
    void updated(h2_stream_id id);

    std::byte* packing_ = nullptr;  ///< shared, where it has none of its own
    nghttp2_session* session_ = nullptr;
    events& events_;
    net::buffer* out_ = nullptr;         ///< while it produces
    std::size_t end_ = 0;                ///< of the room in it
    bool at_window_ = false;             ///< the windows end the DATA frame that is being made
    bool ordered_ = false;               ///< some streams go before others
    bool crowded_ = false;               ///< while it produces: as it was told
    bool ran_dry_ = false;               ///< and a stream did
    std::vector<h2_stream_id> updated_;  ///< that had a PRIORITY_UPDATE before their heads
};

}  // namespace lintel::http
