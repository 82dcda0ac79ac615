#pragma once
// TLS over any stream. Included by sources of tls/ only.

#include "net/stream.hpp"
#include "tls/openssl_ptr.hpp"
#include "tls/outbox.hpp"
#include "tls/record_sizes.hpp"

namespace lintel::tls {

/// OpenSSL reads the lower stream directly (whole records per recv: read-ahead is on) and writes to an outbox; no BIO
/// pair in between. OpenSSL's own buffers are released whenever they are empty.
class stream final : public net::stream {
public:
    stream(ssl_ptr session, std::unique_ptr<net::stream> lower);
    ~stream() override;

    /// Goes on with the handshake until it is done or a callback suspends it (for the client hello's, RETRY).
    /// Errors: `handshake_failed`, `end_of_stream`, those of the lower stream's waits.
    enum class progress { done, suspended };
    task<result<progress>> shake_hands();

    /// What the handshake has agreed on. `companion` is kept as long as the stream: callbacks of the session use it.
    void secure_as(security agreed, std::shared_ptr<void> companion = {});

    SSL* session() const { return session_.get(); }
    std::string agreed_protocol() const;  ///< by ALPN; empty: none

    result<std::size_t> try_read(std::span<std::byte> into) override;
    /// After `would_block` the same bytes must be offered again: some of them may be encrypted already.
    result<std::size_t> try_write(std::span<const std::string_view> pieces) override;
    net::ready_wait wait(net::direction what) override;
    void expires_at(net::direction what, time_point when) override { lower_->expires_at(what, when); }
    void set_patience(net::direction what, duration limit) override { lower_->set_patience(what, limit); }
    void limit_receive_buffer(int bytes) override { lower_->limit_receive_buffer(bytes); }
    bool shutdown_write() override;
    void close(manner how) override;
    bool peer_gone() const override { return lower_->peer_gone(); }
    bool readable_now() const override;
    bool readable_so_far() const override { return !read_blocked_ || lower_->readable_so_far(); }
    const net::address& local() const override { return lower_->local(); }
    const net::address& peer() const override { return lower_->peer(); }
    const security& secured() const override { return security_; }

    // For OpenSSL's BIO:
    int read_below(std::span<std::byte> into);
    /// False, too, where the peer makes us answer again and again (KeyUpdate) and sends nothing else.
    bool write_below(std::string_view record) { return messages_ <= most_messages && outbox_.put(*lower_, record); }
    void note_message(int kind);

private:
    result<void> flush();
    error_code error_of(int returned, net::direction during);

    std::unique_ptr<net::stream> lower_;
    ssl_ptr session_;
    outbox outbox_;
    record_sizes sizes_;
    security security_;
    std::shared_ptr<void> companion_;
    std::size_t owed_ = 0;                    ///< plaintext that was encrypted, but that the caller was not told of
    static constexpr int most_messages = 32;  ///< KeyUpdates, tickets and what else carries no data

    int messages_ = 0;  ///< of the handshake protocol since the last data
    net::direction write_needs_ = net::direction::write;
    bool read_blocked_ = false;  ///< the last read used up all that OpenSSL holds
    bool failed_ = false;        ///< after a fatal error OpenSSL must not be asked again
};

}  // namespace lintel::tls
