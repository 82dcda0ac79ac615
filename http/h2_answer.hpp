#pragma once
// The answer's side of a stream: what a client is sent (RFC 9113 §8.1).

#include "http/h2_head.hpp"
#include "http/h2_link.hpp"
#include "http/h2_outgoing.hpp"

#include <string>
#include <vector>

namespace lintel::http {

/// Interim heads, then a final one and its body, or a tunnel's bytes. Belongs to one worker.
class h2_answer {
public:
    explicit h2_answer(net::worker& home) : out_(home) {}

    /// Of the stream `id` from now on; forgets the answer before.
    void start(h2_link& link, h2_stream_id id);

    /// How long the client may take for each part; zero: as long as it likes.
    void set_patience(duration limit) { patience_ = limit; }

    void inform(const response_head& interim);

    /// As exchange::respond. `bodiless`: there is never a body behind such a head, whatever `body` says.
    now_or_later<result<void>> give(const response_head& head, bool bodiless, body_source& body);

    // A tunnel's: pieces as it has them.
    void open_tunnel(const response_head& head);
    /// `bytes` stay where they are while the answer offers().
    void offer(std::string_view bytes);
    bool offers() const { return out_.waits(); }
    void end();
    /// After an end(): until it is on its way.
    task<void> finish();

    /// Nobody takes it any more.
    void leave();

    /// It can't be completed: the client must see that (RFC 9113 §8.1), where it is still there.
    void abort();

    /// Of the final head.
    int status() const { return status_; }

    bool started() const { return started_; }
    bool complete() const { return out_.sent(); }
    bool aborted() const { return aborted_; }

    // As the session asks (h2_stream).
    h2_stream::offer offered(std::size_t most) const { return out_.offered(most); }
    std::string_view take(std::size_t count) { return out_.take(count); }
    void on_sent() { out_.on_sent(); }

private:
    void send_head(const response_head& head, h2_session::head how, std::optional<std::uint64_t> length);
    task<result<void>> give_rest(body_source& body);
    void go_on();
    void not_taken(error_code why);

    h2_link* link_ = nullptr;
    h2_stream_id id_ = 0;
    duration patience_{};
    std::vector<h2_field> head_;
    std::string digits_;  ///< what head_ has views of
    h2_outgoing out_;
    int status_ = 0;
    bool started_ = false, aborted_ = false;
};

}  // namespace lintel::http
