#include "http/h2_tunnel.hpp"

#include "http/error.hpp"
#include "net/error.hpp"

#include <cstring>

namespace lintel::http {

namespace {

constexpr std::size_t most_bytes = 16 * 1024;  ///< that wait for a window

}  // namespace

h2_tunnel::h2_tunnel(h2_exchange& of) : of_(of), ready_(of.home())
{
    of_.tell(this);
    stirred();
}

h2_tunnel::~h2_tunnel()
{
    if (of_.answer().offers()) close();  // nothing of it may be looked at any more
    of_.tell(nullptr);
}

void h2_tunnel::stirred()
{
    ready_.becomes_ready(net::direction::read);
    ready_.becomes_ready(net::direction::write);
}

result<std::size_t> h2_tunnel::try_read(std::span<std::byte> into)
{
    if (closed_) return net::errc::aborted;
    if (unread_.empty()) {
        auto piece = of_.tunnelled().ready();
        if (!piece) {
            ready_.used_up(net::direction::read);
            return net::errc::would_block;
        }
        if (piece->what == body_piece::kind::reset) return piece->why;
        if (piece->what == body_piece::kind::end) return std::size_t{0};
        unread_ = piece->bytes;
    }
    auto count = std::min(unread_.size(), into.size());
    std::memcpy(into.data(), unread_.data(), count);
    unread_.remove_prefix(count);
    return count;
}

result<std::size_t> h2_tunnel::try_write(std::span<const std::string_view> pieces)
{
    if (closed_) return net::errc::aborted;
    if (of_.client_gone()) return errc::cut_short;
    if (of_.answer().offers()) {
        ready_.used_up(net::direction::write);
        return net::errc::would_block;
    }
    out_.clear();
    for (auto each : pieces) out_ += each.substr(0, most_bytes - out_.size());
    of_.answer().offer(out_);
    return out_.size();
}

bool h2_tunnel::shutdown_write()
{
    if (closed_ || of_.client_gone()) return true;
    if (of_.answer().offers()) {
        ready_.used_up(net::direction::write);
        return false;
    }
    of_.answer().end();
    return true;
}

void h2_tunnel::close(manner)
{
    if (std::exchange(closed_, true)) return;
    of_.abort();
    ready_.end();
}

}  // namespace lintel::http
