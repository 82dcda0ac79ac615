#include "http/h1_upstream.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/h1_writer.hpp"
#include "net/error.hpp"

#include <cstring>

namespace lintel::http {

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;

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
    : stream_(std::move(connected)),
      limits_(bounds),
      input_(home.buffers()),
      head_bytes_(home.buffers()),
      body_(*stream_, input_)
{
    stream_->set_patience(net::direction::write, limits_.write);
}

task<result<void>> h1_upstream::send(const request_head& head, body_source& body)
{
    method_ = head.method;
    upgrade_asked_ = head.fields.find(field_id::upgrade) != nullptr;
    bool takes_trailers = head.fields.find(field_id::te) != nullptr;
    sent_ = response_begun_ = false;
    interim_seen_ = 0;
    body_.start({framing::kind::until_close, 0});  // not finished before its own head says how
    auto how = framing_for(head, body);
    out_.clear();
    write_request_head(out_, head, how, upgrade_asked_ ? "upgrade" : takes_trailers ? "te" : "");
    auto written = co_await write_message(*stream_, out_, body, how);
    sent_ = written.has_value();
    // A slow upload is no slow answer: patience for the first byte begins when the request is out.
    if (sent_ && !response_begun_) stream_->set_patience(net::direction::read, limits_.first_byte);
    co_return written;
}

task<result<const response_head*>> h1_upstream::receive_head()
{
    head_scanner scanner;
    stream_->set_patience(net::direction::read, sent_ ? limits_.first_byte : duration{});
    for (;;) {
        auto length = scanner.scan(input_.bytes(), limits_.head);
        if (!length) co_return length.error();
        if (*length > 0) {
            if (auto clear = understand(*length); !clear) co_return clear.error();
            stream_->set_patience(net::direction::read, limits_.between_bytes);
            co_return &head_;
        }
        if (input_.empty()) {
            // Nothing can be there yet: wait before a read that would only find that out.
            input_.release();
            if (auto come = co_await stream_->wait(net::direction::read); !come) co_return come.error();
        }
        auto count = co_await stream_->read_some(input_.prepare(least_read_bytes));
        if (!count) co_return count.error();
        if (*count == 0) co_return errc::cut_short;
        input_.commit(*count);
        response_begun_ = true;
        stream_->set_patience(net::direction::read, limits_.between_bytes);
    }
}

/// Parses the head at the front of the input into bytes of its own and decides what follows it.
result<void> h1_upstream::understand(std::size_t length)
{
    head_bytes_.release();
    auto space = head_bytes_.prepare(length);
    std::memcpy(space.data(), input_.bytes().data(), length);
    head_bytes_.commit(length);
    input_.consume(length);
    if (auto parsed = parse_response_head(head_bytes_.bytes(), limits_.head, head_); !parsed) return parsed;
    if (head_.status == 101) {
        if (!upgrade_asked_) return errc::unasked_upgrade;
        keep_alive_ = false;
        return {};
    }
    if (head_.status / 100 == 1) {
        if (++interim_seen_ > limits_.interim) return errc::too_many_interim;
        return {};
    }
    auto how = framing_of(head_, method_);
    if (!how) return how.error();
    bool close = head_.fields.has_token(field_id::connection, "close");
    bool kept = head_.version == version::http_1_1 || head_.fields.has_token(field_id::connection, "keep-alive");
    keep_alive_ = kept && !close && how->what != framing::kind::until_close;
    body_.start(*how);
    return {};
}

tunnel_end h1_upstream::tunnel()
{
    stream_->set_patience(net::direction::read, {});
    stream_->set_patience(net::direction::write, {});
    return {*stream_, input_.bytes()};
}

void h1_upstream::expect_pauses() { stream_->set_patience(net::direction::read, {}); }

void h1_upstream::abort()
{
    keep_alive_ = false;
    stream_->close(net::stream::manner::abortive);
}

bool h1_upstream::reusable() const
{
    return keep_alive_ && sent_ && response_begun_ && body_.finished() && input_.empty();
}

void h1_upstream::park(time_point now)
{
    parked_at_ = now;
    used_before_ = true;
    response_begun_ = false;
    input_.release();
    head_bytes_.release();
    head_.fields.release();
    out_ = {};
}

}  // namespace lintel::http
