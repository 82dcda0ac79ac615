#pragma once
// A connection to an HTTP/2 upstream, which carries many calls at a time.

#include "http/h2_call.hpp"
#include "http/h2_link.hpp"
#include "http/upstream_call.hpp"
#include "net/task.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace lintel::http {

/// Reads and writes by itself as long as it lives; its calls keep it alive. What waits for a call is bounded by that
/// call's window: one that nobody reads holds no other up. Belongs to one worker.
class h2_upstream final : public std::enable_shared_from_this<h2_upstream>, public h2_carrier, h2_session::events {
public:
    /// `connected`: ready for the preface (RFC 9113 §3.4). `home` must outlive it.
    h2_upstream(net::worker& home, std::unique_ptr<net::stream> connected, upstream_limits bounds);
    h2_upstream(const h2_upstream&) = delete;
    ~h2_upstream();

    /// How many more calls may begin: the upstream takes so many at a time, has not said that it is leaving, and reads
    /// what it is sent. Until it has said how many it takes (RFC 9113 §3.4) one call is all.
    std::size_t room() const;
    bool has_room() const { return room() > 0; }
    bool has_said_how_many() const { return settings_seen_; }

    /// `told`: called whenever the upstream says how many it takes, that it is leaving, or is gone. Whoever hears it
    /// outlives the calls.
    void when_told(std::function<void()> told) { told_ = std::move(told); }

    /// Where there is room, and for whom it was connected.
    std::unique_ptr<h2_call> begin_call();

    std::size_t calls() const { return open_.size(); }
    std::uint64_t calls_begun() const { return calls_begun_; }
    time_point idle_since() const { return idle_since_; }

    /// No further call begins. It ends with the last one that somebody has.
    void leave() { leaving_ = true; }
    bool leaving() const { return leaving_; }

    /// Nothing will come any more.
    bool over() const { return over_; }

    // For its calls:

    net::worker& home() { return home_; }
    const upstream_limits& limits() const { return limits_; }
    h2_session& session() override { return session_; }
    void push() override;

    /// Sends a head. `length`: of the body, where it is known. 0: no stream is left.
    h2_stream_id begin_stream(const request_head& head, bool whole, std::optional<std::uint64_t> length, h2_call& by);

    /// The call is over, as far as the connection goes.
    void forget(h2_call& which);

    /// A call got no answer in time: where nothing at all was heard since then, no other is to meet the same silence.
    void doubt(time_point since);

private:
    /// A task that lives no longer than the connection.
    class line final : public net::flow {
    public:
        line(h2_upstream& of, task<void> body) : flow(of.home_, std::move(body)), of_(of) {}

    private:
        void ended(const std::exception_ptr& escaped) override;
        h2_upstream& of_;
    };

    task<void> read();
    task<void> write();
    void produce();
    void end_session();
    void fail(error_code why);

    h2_stream* on_stream(h2_stream_id) override { return nullptr; }
    void on_invalid_request() override {}
    void on_reset_sent(h2_code) override {}
    void on_data_sent(std::size_t, bool) override {}
    void on_pong() override {}
    void on_goaway() override;
    void on_settings() override;

    net::worker& home_;
    std::unique_ptr<net::stream> stream_;
    upstream_limits limits_;
    bool encrypted_;
    h2_session session_;
    net::buffer input_, output_;
    net::event output_due_;
    std::vector<h2_field> list_;  ///< of the head that is written
    std::string texts_;
    std::vector<h2_call*> open_;
    std::uint64_t calls_begun_ = 0;
    time_point idle_since_, heard_at_, writing_since_;
    std::function<void()> told_;
    bool leaving_ = false, over_ = false, settings_seen_ = false;
    bool gone_away_ = false;   ///< the upstream said so
    bool in_session_ = false;  ///< the session calls us: nobody may call it
    bool writing_ = false;     ///< the output has a reader and stays where it is
    bool filled_ = false;      ///< the last read took as much as there was room for
    bool large_ = false;       ///< the last write filled a block
    line reader_, writer_;     // last: they use every member above
};

}  // namespace lintel::http
