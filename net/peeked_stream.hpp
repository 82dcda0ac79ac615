#pragma once
// A stream whose first bytes were looked at before it was known whose they are.

#include "net/stream.hpp"
#include "net/worker.hpp"

#include <memory>
#include <string_view>

namespace lintel::net {

/// Gives the bytes that were peeked at first, and then those of the stream below. Holds no buffer once they were read.
class peeked_stream final : public stream {
public:
    peeked_stream(worker& home, std::unique_ptr<stream> lower);

    /// Waits for more bytes, as read_some() with its deadlines does. Not while somebody reads.
    /// Errors: `end_of_stream`, those of the stream below.
    task<result<void>> peek_more();

    /// What came so far and was not read.
    std::string_view peeked() const { return early_.bytes(); }

    /// Takes `count` of these bytes away: nobody will read them.
    void skip(std::size_t count);

    /// Whom the connection is from (and where it went), as a proxy in front has it.
    struct ends {
        address peer, local;
    };
    void stand_for(ends said) { said_ = std::make_unique<ends>(std::move(said)); }

    result<std::size_t> try_read(std::span<std::byte> into) override;
    result<std::size_t> try_write(std::span<const std::string_view> pieces) override
    {
        return lower_->try_write(pieces);
    }
    ready_wait wait(direction what) override;
    void expires_at(direction what, time_point when) override { lower_->expires_at(what, when); }
    void set_patience(direction what, duration limit) override { lower_->set_patience(what, limit); }
    bool shutdown_write() override { return lower_->shutdown_write(); }
    void close(manner how = manner::orderly) override;
    bool peer_gone() const override { return lower_->peer_gone(); }
    bool readable_now() const override { return !early_.empty() || lower_->readable_now(); }
    bool readable_so_far() const override { return !early_.empty() || lower_->readable_so_far(); }
    const address& local() const override { return said_ ? said_->local : lower_->local(); }
    const address& peer() const override { return said_ ? said_->peer : lower_->peer(); }
    std::optional<unsigned> peer_uid() const override { return lower_->peer_uid(); }
    const security& secured() const override { return lower_->secured(); }
    bool splices() const override { return early_.empty() && lower_->splices(); }
    result<std::size_t> try_splice_out(int pipe, std::size_t most) override
    {
        return lower_->try_splice_out(pipe, most);
    }
    result<std::size_t> try_splice_in(int pipe, std::size_t count) override
    {
        return lower_->try_splice_in(pipe, count);
    }
    void limit_receive_buffer(int bytes) override { lower_->limit_receive_buffer(bytes); }

private:
    std::unique_ptr<stream> lower_;
    buffer early_;
    std::unique_ptr<ends> said_;  ///< rare
};

}  // namespace lintel::net
