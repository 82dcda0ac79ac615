#pragma once
// TLS over any stream. Included by sources of tls/ only.

#include "net/stream.hpp"
#include "tls/openssl_ptr.hpp"

namespace lintel::tls {

/// OpenSSL reads and writes the lower stream directly (whole records per recv: read-ahead is on); no BIO pair, no copy
/// of ours in between. OpenSSL's own buffers are released whenever they are empty.
class stream final : public net::stream {
public:
    stream(ssl_ptr session, std::unique_ptr<net::stream> lower);
    ~stream() override;

    /// Errors: as `server::accept`.
    task<result<void>> shake_hands();

    result<std::size_t> try_read(std::span<std::byte> into) override;
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

    net::stream& lower() { return *lower_; }

private:
    error_code error_of(int returned, net::direction during);

    std::unique_ptr<net::stream> lower_;
    ssl_ptr session_;
    security security_;
    net::direction needs_[2] = {net::direction::read, net::direction::write};  ///< what each direction waits for below
    bool read_blocked_ = false;  ///< the last read used up all that OpenSSL holds
    bool failed_ = false;        ///< after a fatal error OpenSSL must not be asked again
};

}  // namespace lintel::tls
