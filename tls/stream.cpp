#include "tls/stream.hpp"

#include "base/text.hpp"
#include "net/error.hpp"
#include "tls/server.hpp"

#include <openssl/err.h>
#include <cstring>

namespace lintel::tls {

namespace {

constexpr std::size_t record_bytes = 16 * 1024;  // RFC 8446 §5.1

net::stream& lower_of(BIO* bio) { return *static_cast<net::stream*>(BIO_get_data(bio)); }

int read_below(BIO* bio, char* into, int size)
{
    BIO_clear_retry_flags(bio);
    auto count = lower_of(bio).try_read(std::as_writable_bytes(std::span(into, static_cast<std::size_t>(size))));
    if (count) return static_cast<int>(*count);
    if (count.error() == net::errc::would_block) BIO_set_retry_read(bio);
    return -1;
}

int write_below(BIO* bio, const char* from, int size)
{
    BIO_clear_retry_flags(bio);
    std::string_view piece(from, static_cast<std::size_t>(size));
    auto count = lower_of(bio).try_write({&piece, 1});
    if (count) return static_cast<int>(*count);
    if (count.error() == net::errc::would_block) BIO_set_retry_write(bio);
    return -1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* stream_method()
{
    static const auto* method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lintel stream");
        BIO_meth_set_read(made, read_below);
        BIO_meth_set_write(made, write_below);
        BIO_meth_set_ctrl(made, control);
        return made;
    }();
    return method;
}

std::size_t index_of(net::direction what) { return what == net::direction::read ? 0 : 1; }

}  // namespace

stream::stream(ssl_ptr session, std::unique_ptr<net::stream> lower)
    : lower_(std::move(lower)), session_(std::move(session))
{
    auto* bio = BIO_new(stream_method());
    BIO_set_data(bio, lower_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(session_.get(), bio, bio);
}

stream::~stream() = default;

task<result<void>> stream::shake_hands()
{
    for (;;) {
        ERR_clear_error();
        auto returned = SSL_do_handshake(session_.get());
        if (returned == 1) break;
        auto failure = error_of(returned, net::direction::read);
        if (failure != net::errc::would_block) {
            co_return failure == errc::protocol_error ? error_code(errc::handshake_failed) : failure;
        }
        if (auto ready = co_await lower_->wait(needs_[0]); !ready) co_return ready.error();
    }
    security_.encrypted = true;
    const auto* name = SSL_get_servername(session_.get(), TLSEXT_NAMETYPE_host_name);
    if (name != nullptr) security_.server_name = text::lower(name);
    co_return result<void>{};
}

result<std::size_t> stream::try_read(std::span<std::byte> into)
{
    if (failed_) return error_code(errc::protocol_error);
    ERR_clear_error();
    std::size_t count = 0;
    auto returned = SSL_read_ex(session_.get(), into.data(), into.size(), &count);
    if (returned == 1) return count;
    if (SSL_get_error(session_.get(), returned) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    auto failure = error_of(returned, net::direction::read);
    read_blocked_ = failure == net::errc::would_block;
    return failure;
}

result<std::size_t> stream::try_write(std::span<const std::string_view> pieces)
{
    if (failed_) return error_code(errc::protocol_error);
    // Small pieces (a head and the start of a body) leave in one record; a retry offers the same bytes again, as
    // SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER demands.
    std::array<char, record_bytes> gathered;
    auto first = pieces.front();
    if (pieces.size() > 1 && first.size() < record_bytes) {
        std::size_t filled = 0;
        for (auto piece : pieces) {
            auto part = piece.substr(0, record_bytes - filled);
            std::memcpy(gathered.data() + filled, part.data(), part.size());
            filled += part.size();
        }
        first = {gathered.data(), filled};
    }
    ERR_clear_error();
    std::size_t count = 0;
    auto returned = SSL_write_ex(session_.get(), first.data(), first.size(), &count);
    if (returned == 1) return count;
    return error_of(returned, net::direction::write);
}

net::ready_wait stream::wait(net::direction what)
{
    bool reads = what == net::direction::read;
    bool blocked = reads && std::exchange(read_blocked_, false);
    // OpenSSL reads ahead: the next record may be here already, and the socket would never tell.
    if (reads && !blocked && SSL_has_pending(session_.get()) == 1) return net::ready_wait();
    return lower_->wait(needs_[index_of(what)]);
}

bool stream::shutdown_write()
{
    bool said =
        failed_ || SSL_shutdown(session_.get()) >= 0 || error_of(-1, net::direction::write) != net::errc::would_block;
    ERR_clear_error();
    return said && lower_->shutdown_write();
}

void stream::close(manner how)
{
    if (how == manner::orderly && security_.encrypted && !failed_) SSL_shutdown(session_.get());
    ERR_clear_error();
    failed_ = true;
    lower_->close(how);
}

bool stream::readable_now() const { return SSL_pending(session_.get()) > 0 || lower_->readable_now(); }

error_code stream::error_of(int returned, net::direction during)
{
    auto& needed = needs_[index_of(during)];
    switch (SSL_get_error(session_.get(), returned)) {
        case SSL_ERROR_WANT_READ: needed = net::direction::read; return net::errc::would_block;
        case SSL_ERROR_WANT_WRITE: needed = net::direction::write; return net::errc::would_block;
        case SSL_ERROR_SYSCALL: failed_ = true; return net::errc::end_of_stream;
        default: failed_ = true; return errc::protocol_error;
    }
}

}  // namespace lintel::tls
