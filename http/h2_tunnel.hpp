#pragma once
// A stream of an HTTP/2 connection as the client's end of a tunnel (RFC 8441 §5).

#include "http/h2_exchange.hpp"
#include "net/readiness.hpp"
#include "net/stream.hpp"

namespace lintel::http {

/// The DATA of `of`, which must outlive it, both ways.
class h2_tunnel final : public net::stream {
public:
    explicit h2_tunnel(h2_exchange& of);
    ~h2_tunnel() override;

    /// Something came, or left: whoever waits looks again.
    void stirred();

    result<std::size_t> try_read(std::span<std::byte> into) override;
    result<std::size_t> try_write(std::span<const std::string_view> pieces) override;
    net::ready_wait wait(net::direction what) override { return ready_.wait(what); }
    void expires_at(net::direction what, time_point when) override { ready_.expires_at(what, when); }
    void set_patience(net::direction what, duration limit) override { ready_.set_patience(what, limit); }
    bool shutdown_write() override;
    void close(manner how = manner::orderly) override;
    bool peer_gone() const override { return of_.client_gone(); }
    bool readable_now() const override { return ready_.may(net::direction::read); }
    bool readable_so_far() const override { return readable_now(); }
    const net::address& local() const override { return of_.connection().local(); }
    const net::address& peer() const override { return of_.connection().peer(); }
    const security& secured() const override { return of_.connection().secured(); }

private:
    h2_exchange& of_;
    net::readiness ready_;
    std::string_view unread_;  ///< of the piece that the body gave last
    std::string out_;          ///< on its way
    bool closed_ = false;
};

}  // namespace lintel::http
