#pragma once
// Bytes in both directions. Above this interface nobody knows TCP from TLS from a unix socket.

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/address.hpp"
#include "net/buffer.hpp"
#include "net/readiness.hpp"
#include "net/task.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lintel::net {

/// A connected byte stream of one worker. The primitive is "try, and wait when it would block": so a reader that knows
/// that nothing can be there yet waits first and no system call is spent on finding out, and an idle connection holds
/// no buffer while it waits. One task may read while another writes.
class stream {
public:
    virtual ~stream() = default;

    /// Reads what is there: at least one byte, or 0 at the peer's end of the stream.
    /// Errors: `would_block` (wait, then try again), what the kernel or the TLS layer reports.
    virtual result<std::size_t> try_read(std::span<std::byte> into) = 0;

    /// Writes as much of the pieces, in order, as is taken at once: at least one byte. Errors as try_read.
    virtual result<std::size_t> try_write(std::span<const std::string_view> pieces) = 0;

    /// Returns when a try may succeed. Errors: `timed_out` at the deadline, `aborted` after close().
    virtual ready_wait wait(direction what) = 0;

    /// An absolute end for the waits of one direction (a request's head); `time_point::max()` = none.
    virtual void expires_at(direction what, time_point when) = 0;

    /// The longest that a single wait of one direction may take, so that it measures progress and not totals; zero = no
    /// limit. Both are swept every 100 ms.
    virtual void set_patience(direction what, duration limit) = 0;

    /// No more writes: the peer reads the end of the stream (for TLS: close_notify first). Doesn't block.
    /// False: there is no room for TLS's last word; wait for writing, then again.
    virtual bool shutdown_write() = 0;

    /// Ends both directions and every wait. Idempotent. `abortive`: the peer sees a reset instead of an orderly end,
    /// so that what it got can't be taken for complete.
    enum class manner { orderly, abortive };
    virtual void close(manner how = manner::orderly) = 0;

    /// True when the peer has ended or reset the stream, as far as the last round of the loop knows.
    virtual bool peer_gone() const = 0;

    /// True when a read would give bytes or the end without waiting: an idle connection on which this holds is
    /// unusable.
    virtual bool readable_now() const = 0;

    /// The same as far as the last round of the loop knows; true, too, where it doesn't. No system call.
    virtual bool readable_so_far() const = 0;

    virtual const address& local() const = 0;
    virtual const address& peer() const = 0;

    /// The user of the process at the other end of a unix socket (SO_PEERCRED); none for other streams.
    virtual std::optional<unsigned> peer_uid() const { return {}; }

    /// What the TLS layer knows; empty for clear text.
    struct security {
        bool encrypted = false;
        std::string server_name;  ///< SNI: lower case, no trailing dot; empty when the client sent none, or an address
        std::string tls_options;  ///< id of the option set that the handshake was held to
        std::string client_subject;      ///< of the client's certificate, verified, as RFC 2253 writes it; empty: none
        std::uint64_t client_terms = 0;  ///< what was demanded of the client's certificate; 0: nothing
        std::string protocol;            ///< agreed on by ALPN; empty: none
        bool resumed = false;            ///< an earlier session, without a new exchange of certificates
    };
    virtual const security& secured() const;

    /// How much the peer may send ahead of what is read: the kernel's memory for it, in bytes. Nothing for streams that
    /// are no TCP. One system call.
    virtual void limit_receive_buffer(int) {}

    /// True: the next two move bytes between it and a pipe (splice(2)), without copying. TLS can't.
    virtual bool splices() const { return false; }

    /// As try_read, into a pipe, at most `most` bytes; the pipe is empty.
    virtual result<std::size_t> try_splice_out(int pipe, std::size_t most);

    /// As try_write, from a pipe with at least `count` bytes in it.
    virtual result<std::size_t> try_splice_in(int pipe, std::size_t count);

    /// How often a write had to wait for the peer so far.
    std::uint64_t write_waits() const { return write_waits_; }

    // Built from the above. Whoever need not wait gives way to the others of its worker now and then, so that no peer,
    // however fast, keeps the worker for itself.
    now_or_later<result<std::size_t>> read_some(std::span<std::byte> into);
    /// Reads at most what fits into `least` bytes and more; an empty buffer gives its memory back while it waits.
    now_or_later<result<std::size_t>> read_into(buffer& into, std::size_t least);
    now_or_later<result<void>> write_all(std::span<const std::string_view> pieces);
    now_or_later<result<void>> write_all(std::string_view bytes) { return write_all(std::span(&bytes, 1)); }
    task<void> finish_writing();

private:
    /// What is left to write.
    class remainder {
    public:
        explicit remainder(std::span<const std::string_view> pieces);
        void drop(std::size_t count);  ///< from the front
        bool empty() const { return first_ == end_; }
        std::span<const std::string_view> pieces() const { return {pieces_.data() + first_, pieces_.data() + end_}; }

    private:
        static constexpr std::size_t most_pieces = 8;
        std::array<std::string_view, most_pieces> pieces_;
        std::size_t first_ = 0, end_ = 0;
    };

    bool has_a_turn() { return ++eager_ < most_eager; }
    task<result<std::size_t>> read_some_later(std::span<std::byte> into);
    task<result<std::size_t>> read_into_later(buffer& into, std::size_t least);
    task<result<void>> write_all_later(remainder left);
    task<void> turn();

    static constexpr int most_eager = 32;  ///< reads and writes without a wait
    int eager_ = 0;
    std::uint64_t write_waits_ = 0;
};

}  // namespace lintel::net
