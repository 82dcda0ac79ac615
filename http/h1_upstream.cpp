#include "http/h1_upstream.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/h1_writer.hpp"
#include "net/error.hpp"

namespace lintel::http {

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;
constexpr int narrow_bytes = 64 * 1024;  ///< that an upstream may send ahead of what its client reads
constexpr int wide_bytes = 128 * 1024;   ///< the same where a client has taken a whole large answer without a pause

framing framing_for(const request_head& head, const body_source& body)
{
    auto length = body.length();
    if (!length) return {framing::kind::chunked, 0};
    bool usual = head.is("POST") || head.is("PUT") || head.is("PATCH");  // RFC 9110 §8.6: these say so even when empty
    if (*length == 0 && !usual) return {};
    return {framing::kind::length, *length};
}

}  // namespace

h1_upstream::h1_upstream(net::worker& home, std::unique_ptr<net::stream> connected, limits bounds)
    : home_(home), stream_(std::move(connected)), limits_(bounds), input_(home.buffers()), body_(input_)
{
    body_.attach(*stream_);
    body_.read_far(wide_);
    stream_->limit_receive_buffer(narrow_bytes);
}

void h1_upstream::use(const model::http_options& options)
{
    first_byte_ = options.first_byte_timeout;
    between_bytes_ = options.between_bytes_timeout;
    stream_->set_patience(net::direction::write, options.write_timeout);
}

now_or_later<result<void>> h1_upstream::send(const request_head& head, body_source& body)
{
    method_ = head.method;
    const auto* asked = head.fields.find(field_id::upgrade);
    upgrade_ = asked != nullptr ? asked->value : std::string_view();
    bool takes_trailers = head.fields.find(field_id::te) != nullptr;
    sent_ = response_begun_ = false;
    interim_seen_ = 0;
    body_.start({framing::kind::until_close, 0});  // not finished before its own head says how
    auto how = framing_for(head, body);
    out_.clear();
    write_request_head(out_, head, how, !upgrade_.empty() ? "upgrade" : takes_trailers ? "te" : "");
    auto writing = write_message(*stream_, out_, body, how);
    if (const auto* written = writing.known()) return sent(*written);
    return send_later(std::move(writing));
}

task<result<void>> h1_upstream::send_later(now_or_later<result<void>> writing) { co_return sent(co_await writing); }

result<void> h1_upstream::sent(result<void> written)
{
    sent_ = written.has_value();
    // A slow upload is no slow answer: patience for the first byte begins when the request is out.
    if (sent_ && !response_begun_) stream_->set_patience(net::direction::read, first_byte_);
    return written;
}

task<result<response_head*>> h1_upstream::receive_head()
{
    head_scanner scanner;
    stream_->set_patience(net::direction::read, sent_ ? first_byte_ : duration{});
    for (;;) {
        auto length = scanner.scan(input_.bytes(), limits_.head);
        if (!length) co_return length.error();
        if (*length > 0) {
            auto meant = understand(*length);
            if (!meant) co_return meant.error();
            auto patience = meant == meaning::final ? between_bytes_ : sent_ ? first_byte_ : duration{};
            stream_->set_patience(net::direction::read, patience);
            if (meant != meaning::skipped) co_return &head_;
            scanner = {};
            continue;
        }
        auto count = co_await stream_->read_into(input_, least_read_bytes);
        if (!count) co_return count.error();
        if (*count == 0) co_return errc::cut_short;
        response_begun_ = true;
        stream_->set_patience(net::direction::read, between_bytes_);
    }
}

/// Parses the head at the front of the input into bytes of its own and decides what follows it.
result<h1_upstream::meaning> h1_upstream::understand(std::size_t length)
{
    head_bytes_.assign(input_.bytes().substr(0, length));
    input_.consume(length);
    if (auto parsed = parse_response_head(head_bytes_, limits_.head, head_); !parsed) return parsed.error();
    if (has_too_many_options(head_.fields)) return errc::too_many_options;
    if (head_.status == 101) {
        if (!switches_as_asked()) return errc::unasked_upgrade;
        keep_alive_ = false;
        return meaning::final;
    }
    if (head_.status / 100 == 1) {
        if (++interim_seen_ > limits_.interim) return errc::too_many_interim;
        return head_.status == 100 ? meaning::skipped : meaning::interim;
    }
    auto how = framing_of(head_, method_);
    if (!how) return how.error();
    bool close = head_.fields.has_token(field_id::connection, "close");
    bool kept = head_.version == version::http_1_1 || head_.fields.has_token(field_id::connection, "keep-alive");
    keep_alive_ = kept && !close && how->what != framing::kind::until_close;
    body_.start(*how);
    return meaning::final;
}

/// RFC 9110 §15.2.2: only to a protocol that was offered, and saying so.
bool h1_upstream::switches_as_asked() const
{
    const auto* to = head_.fields.find(field_id::upgrade);
    return !upgrade_.empty() && to != nullptr && text::equal_caseless(to->value, upgrade_) &&
           head_.fields.count(field_id::upgrade) == 1;
}

tunnel_end h1_upstream::take_tunnel()
{
    stream_->set_patience(net::direction::read, {});
    stream_->set_patience(net::direction::write, {});
    return {std::move(stream_), std::string(input_.bytes())};
}

void h1_upstream::expect_pauses()
{
    first_byte_ = between_bytes_ = {};
    stream_->set_patience(net::direction::read, {});
}

void h1_upstream::note_reader(bool fast)
{
    body_.read_far(fast);
    // Once and for all: the window that was announced can't be taken back, what comes into a smaller buffer is dropped.
    if (fast && !std::exchange(wide_, true)) stream_->limit_receive_buffer(wide_bytes);
}

void h1_upstream::abort()
{
    keep_alive_ = false;
    if (stream_) stream_->close(net::stream::manner::abortive);
}

bool h1_upstream::reusable() const
{
    return stream_ && keep_alive_ && sent_ && response_begun_ && body_.finished() && input_.empty();
}

void h1_upstream::park(time_point now)
{
    parked_at_ = now;
    parked_look_ = home_.looks();
    used_before_ = true;
    response_begun_ = false;
    input_.release();
    head_bytes_ = {};
    head_.fields.release();
    out_ = {};
}

}  // namespace lintel::http
