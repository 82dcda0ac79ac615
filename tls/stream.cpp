#include "tls/stream.hpp"

#include "net/error.hpp"
#include "tls/server.hpp"

#include <openssl/err.h>
#include <array>
#include <cstring>

namespace lintel::tls {

namespace {

constexpr std::size_t gathered_bytes = 64 * 1024;  // of plaintext, in one send

/// What stays in the queue fails the next call. Mostly there is nothing, and to ask is a fifth of the work.
void forget_errors()
{
    if (ERR_peek_error() != 0) ERR_clear_error();
}

stream& stream_of(BIO* bio) { return *static_cast<stream*>(BIO_get_data(bio)); }

int read_bio(BIO* bio, char* into, int size)
{
    BIO_clear_retry_flags(bio);
    auto count = stream_of(bio).read_below(std::as_writable_bytes(std::span(into, static_cast<std::size_t>(size))));
    if (count == 0) BIO_set_retry_read(bio);
    return count > 0 ? count : -1;
}

int write_bio(BIO* bio, const char* from, int size)
{
    BIO_clear_retry_flags(bio);
    return stream_of(bio).write_below({from, static_cast<std::size_t>(size)}) ? size : -1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* stream_method()
{
    static const auto* method = [] {
        auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lintel stream");
        BIO_meth_set_read(made, read_bio);
        BIO_meth_set_write(made, write_bio);
        BIO_meth_set_ctrl(made, control);
        return made;
    }();
    return method;
}

void watch_messages(int written, int, int kind, const void*, std::size_t, SSL*, void* which)
{
    if (written == 0) static_cast<stream*>(which)->note_message(kind);
}

/// Pieces as the bytes of records: views where one piece has enough, copied together where several are short.
class plaintext {
public:
    explicit plaintext(std::span<const std::string_view> pieces) : pieces_(pieces) {}

    std::string_view take(std::size_t count)
    {
        while (pieces_.front().size() == at_) step();
        auto rest = pieces_.front().substr(at_);
        if (rest.size() >= count) {
            at_ += count;
            return rest.substr(0, count);
        }
        for (std::size_t filled = 0; filled < count;) {
            auto part = pieces_.front().substr(at_, count - filled);
            std::memcpy(together_.data() + filled, part.data(), part.size());
            filled += part.size();
            at_ += part.size();
            if (at_ == pieces_.front().size() && filled < count) step();
        }
        return {together_.data(), count};
    }

private:
    void step()
    {
        pieces_ = pieces_.subspan(1);
        at_ = 0;
    }

    std::span<const std::string_view> pieces_;
    std::size_t at_ = 0;
    std::array<char, record_sizes::largest> together_;
};

}  // namespace

stream::stream(ssl_ptr session, std::unique_ptr<net::stream> lower)
    : lower_(std::move(lower)), session_(std::move(session))
{
    auto* bio = BIO_new(stream_method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(session_.get(), bio, bio);
}

/// A connection that ends without a farewell is no reason to spoil its session, as OpenSSL would (SSL_free(3)).
stream::~stream() { SSL_set_shutdown(session_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

task<result<stream::progress>> stream::shake_hands()
{
    for (bool done = false;;) {
        error_code failure;
        if (!done) {
            forget_errors();
            outbox_.gather(true);
            auto returned = SSL_do_handshake(session_.get());
            outbox_.gather(false);
            done = returned == 1;
            if (!done && SSL_get_error(session_.get(), returned) == SSL_ERROR_WANT_CLIENT_HELLO_CB)
                co_return progress::suspended;
            if (!done) failure = error_of(returned, net::direction::read);
        }
        // The last words in TLS 1.3 (tickets, a client's Finished) leave with the first data, or when we wait for some.
        if (done && SSL_version(session_.get()) >= TLS1_3_VERSION) break;
        auto flushed = flush();  // also the alert
        if (failure && failure != net::errc::would_block)
            co_return failure == errc::protocol_error ? error_code(errc::handshake_failed) : failure;
        if (!flushed && flushed.error() != net::errc::would_block) co_return flushed.error();
        if (done && flushed) break;
        SSL_free_buffers(session_.get());  // a slow handshake holds as little as an idle connection
        auto ready = co_await lower_->wait(flushed ? net::direction::read : net::direction::write);
        if (!ready) co_return ready.error();
    }
    SSL_set_msg_callback(session_.get(), watch_messages);
    SSL_set_msg_callback_arg(session_.get(), this);
    co_return progress::done;
}

void stream::secure_as(security agreed, std::shared_ptr<void> companion)
{
    security_ = std::move(agreed);
    companion_ = std::move(companion);
}

std::string stream::agreed_protocol() const
{
    const unsigned char* text = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(session_.get(), &text, &length);
    return {reinterpret_cast<const char*>(text), length};
}

result<std::size_t> stream::try_read(std::span<std::byte> into)
{
    if (failed_) return error_code(errc::protocol_error);
    forget_errors();
    std::size_t taken = 0;
    int returned = 1;
    // A record for each call: those that are here already come together.
    do {
        std::size_t count = 0;
        returned = SSL_read_ex(session_.get(), into.data() + taken, into.size() - taken, &count);
        taken += count;
    } while (returned == 1 && taken < into.size() && SSL_has_pending(session_.get()) == 1);
    if (taken > 0) {
        messages_ = 0;
        return taken;
    }
    if (SSL_get_error(session_.get(), returned) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
    auto failure = error_of(returned, net::direction::read);
    read_blocked_ = failure == net::errc::would_block;
    if (!outbox_.empty()) (void)outbox_.flush(*lower_);  // the answer to a KeyUpdate, or an alert
    return failure;
}

result<std::size_t> stream::try_write(std::span<const std::string_view> pieces)
{
    if (failed_) return error_code(errc::protocol_error);
    if (owed_ > 0) {
        if (auto flushed = flush(); !flushed) return flushed.error();
        return std::exchange(owed_, 0);
    }
    std::size_t total = 0, taken = 0;
    for (auto piece : pieces) total += piece.size();
    sizes_.begin(total, total < record_sizes::largest ? time_point() : steady_clock::now());
    outbox_.gather(total >= record_sizes::largest || !outbox_.empty());
    plaintext bytes(pieces);
    forget_errors();
    while (taken < std::min(total, gathered_bytes)) {
        auto record = bytes.take(sizes_.next(std::min(total, gathered_bytes) - taken));
        std::size_t count = 0;
        auto returned = SSL_write_ex(session_.get(), record.data(), record.size(), &count);
        if (returned != 1 && taken == 0) {
            auto failure = error_of(returned, net::direction::write);
            (void)outbox_.flush(*lower_);
            return failure;
        }
        if (returned != 1) break;  // the next call finds out why
        taken += count;
    }
    write_needs_ = net::direction::write;
    auto flushed = flush();
    if (flushed) return taken;
    owed_ = taken;
    return flushed.error();
}

net::ready_wait stream::wait(net::direction what)
{
    if (what == net::direction::write) {
        if (!failed_) SSL_free_buffers(session_.get());
        return lower_->wait(write_needs_);
    }
    bool blocked = std::exchange(read_blocked_, false);
    // OpenSSL reads ahead: the next record may be here already, and the socket would never tell.
    if (!blocked && !failed_ && SSL_has_pending(session_.get()) == 1) return net::ready_wait();
    if (!outbox_.empty()) (void)outbox_.flush(*lower_);
    if (!failed_) SSL_free_buffers(session_.get());  // refuses where a part of a record is in them
    return lower_->wait(net::direction::read);
}

bool stream::shutdown_write()
{
    if (!failed_) SSL_shutdown(session_.get());
    forget_errors();
    auto flushed = outbox_.flush(*lower_);
    bool said = flushed || flushed.error() != net::errc::would_block;
    return said && lower_->shutdown_write();
}

void stream::close(manner how)
{
    if (how == manner::orderly && security_.encrypted && !failed_) {
        outbox_.gather(true);
        SSL_shutdown(session_.get());
        forget_errors();
        (void)outbox_.flush(*lower_);
    }
    failed_ = true;
    lower_->close(how);
}

bool stream::readable_now() const
{
    if (failed_ || SSL_pending(session_.get()) > 0) return true;
    if (SSL_has_pending(session_.get()) == 0 && !lower_->readable_now()) return false;
    forget_errors();
    char one;
    std::size_t count = 0;  // a ticket or a KeyUpdate is nothing that a reader would get
    auto returned = SSL_peek_ex(session_.get(), &one, 1, &count);
    SSL_free_buffers(session_.get());
    bool nothing = returned != 1 && SSL_get_error(session_.get(), returned) == SSL_ERROR_WANT_READ;
    return !nothing || lower_->readable_now();  // what the loop hasn't noticed yet can't be told from data
}

int stream::read_below(std::span<std::byte> into)
{
    if (messages_ > most_messages) return -1;
    auto count = lower_->try_read(into);
    if (!count) return count.error() == net::errc::would_block ? 0 : -1;
    return *count == 0 ? -1 : static_cast<int>(*count);
}

void stream::note_message(int kind)
{
    if (kind == SSL3_RT_HANDSHAKE || kind == SSL3_RT_ALERT) ++messages_;
}

result<void> stream::flush()
{
    auto flushed = outbox_.flush(*lower_);
    if (!flushed && flushed.error() != net::errc::would_block) failed_ = true;
    return flushed;
}

error_code stream::error_of(int returned, net::direction during)
{
    switch (SSL_get_error(session_.get(), returned)) {
        case SSL_ERROR_WANT_READ:
            if (during == net::direction::write) write_needs_ = net::direction::read;
            return net::errc::would_block;
        case SSL_ERROR_SYSCALL: failed_ = true; return net::errc::end_of_stream;
        default: failed_ = true; return errc::protocol_error;
    }
}

}  // namespace lintel::tls
