#pragma once
// The body of a message on its way out, as the DATA of a stream (RFC 9113 §6.1).

#include "http/body.hpp"
#include "http/h2_session.hpp"
#include "net/event.hpp"
#include "net/worker.hpp"

namespace lintel::http {

/// One piece at a time, whose bytes stay with their source until the session has taken them. Belongs to one worker.
class h2_outgoing {
public:
    explicit h2_outgoing(net::worker& home) : home_(home), moved_(home) {}

    /// Forgets the message before.
    void start();

    /// What comes next, after all that was offered before is taken; not a reset.
    void offer(const body_piece& piece);

    /// There will be no more of it, for this reason. What is not taken yet never will be.
    void break_off(error_code why);
    error_code broken() const { return broken_; }

    /// Bytes wait to be taken.
    bool waits() const { return !piece_.empty(); }
    bool last_offered() const { return last_; }

    /// There is nothing but the end: the head can be the whole message.
    bool is_bare_end() const { return last_ && piece_.empty() && trailers_ == nullptr; }

    /// The whole message is among what the session has produced.
    bool sent() const { return sent_; }

    /// Its source has not been asked for the end (take_end): it said beforehand that nothing else would come.
    bool end_is_due() const { return end_is_due_; }

    /// Until the piece is taken; the last one: until all is sent. The peer may take `patience` for each part of it;
    /// zero: as long as it likes. Errors: `timed_out`, and what break_off() was told.
    task<result<void>> wait_until_taken(duration patience);

    // As the session asks (h2_stream).
    h2_stream::offer offered(std::size_t most) const;
    std::string_view take(std::size_t count);
    void on_sent();

private:
    net::worker& home_;
    std::string_view piece_;  ///< not taken yet
    const fields* trailers_ = nullptr;
    net::event moved_;  ///< something was taken, or there will be no more
    error_code broken_;
    bool last_ = false, sent_ = false, end_is_due_ = false;
};

}  // namespace lintel::http
