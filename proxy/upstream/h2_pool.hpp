#pragma once
// The HTTP/2 connections of one worker to one endpoint: few, each with many calls.

#include "http/h2_upstream.hpp"
#include "net/event.hpp"
#include "proxy/upstream/security.hpp"

#include <list>
#include <memory>
#include <utility>
#include <vector>

namespace lintel::proxy {

/// Those that are made in one way. Belongs to one worker. Who finds no room waits here, in a line: for the end of
/// another call, or for a connection that somebody else is opening.
class h2_pool {
public:
    explicit h2_pool(security_ptr speaks) : speaks_(std::move(speaks)) {}

    const security_ptr& speaks() const { return speaks_; }

    /// What the last connection turned out to speak, where TLS finds that out (ALPN). Nobody waits for a connection
    /// that will carry one call only.
    enum class finding { unknown, http_1, http_2 };
    finding found() const { return found_; }
    void find(finding what);

    /// A call on the connection with the fewest; null where none has room, or where others wait for it.
    std::unique_ptr<http::h2_call> take() { return waiting_.empty() ? take_any() : nullptr; }

    /// One's place in the line, from its making to its end. Belongs to a worker, as the pool, which must outlive it.
    class place {
    public:
        /// `woken` may be notified by its owner, too.
        place(h2_pool& pool, net::event& woken);
        place(const place&) = delete;
        /// Whoever is next has the turn.
        ~place();

        /// Waits until it is worth looking again. Errors: `timed_out` at `end`, that of a connection that could not be
        /// had.
        task<result<void>> wait(time_point end);

        /// As the pool's, for the first of the line; null for the others.
        std::unique_ptr<http::h2_call> take();

    private:
        friend class h2_pool;

        h2_pool& pool_;
        net::event& woken_;
        error_code why_;
        std::list<place*>::iterator here_;
    };

    /// Whether one more connection is worth it for somebody in the line: there are fewer than `most`, and the room on
    /// those that are here or being opened will not do for all who wait.
    bool may_open(std::size_t most) const;

    /// Counts as a connection from its first step on.
    class opening {
    public:
        explicit opening(h2_pool& pool) : pool_(pool) { ++pool_.opening_; }
        opening(const opening&) = delete;
        /// Those who waited for it get the same error; where there is none they look again.
        ~opening();
        void fail(error_code why) { why_ = why; }

    private:
        h2_pool& pool_;
        error_code why_;
    };

    void add(std::shared_ptr<http::h2_upstream> connected);

    /// A call has ended: the first of the line may have its room.
    void call_ended() { wake_first(); }

    /// No new call: connections close when those that they have are over, and who waits looks elsewhere.
    void leave();

    /// Closes what carried no call for `longest_idle` or will carry none any more, and forgets what is over.
    void prune(time_point now, duration longest_idle);

    bool empty() const { return connections_.empty() && opening_ == 0 && waiting_.empty(); }

private:
    std::unique_ptr<http::h2_call> take_any();
    void wake_first();
    void wake_all(error_code why);

    security_ptr speaks_;
    finding found_ = finding::unknown;
    std::vector<std::shared_ptr<http::h2_upstream>> connections_;
    std::size_t opening_ = 0;
    std::list<place*> waiting_;
};

}  // namespace lintel::proxy
