#include "http/h2_call.hpp"

#include "http/error.hpp"
#include "http/h2_upstream.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <cassert>

namespace lintel::http {

namespace {

time_point after(duration limit, time_point now) { return limit > duration{} ? now + limit : time_point::max(); }

/// The upstream wants no more of the request; an answer may be here all the same.
error_code wants_no_more() { return boost::system::errc::make_error_code(boost::system::errc::connection_reset); }

}  // namespace

h2_call::h2_call(std::shared_ptr<h2_upstream> over)
    : connection_(std::move(over)),
      used_connection_(connection_->calls_begun() > 0),
      out_(connection_->home()),
      arrived_(connection_->home()),
      answering_(connection_->home().deadlines(), arrived_),
      body_(connection_->home())
{
}

h2_call::~h2_call()
{
    end_stream(h2_code::cancel);
    body_.stop();
    connection_->forget(*this);
}

void h2_call::use(const model::http_options& options)
{
    first_byte_ = options.first_byte_timeout;
    between_bytes_ = options.between_bytes_timeout;
    write_patience_ = options.write_timeout;
}

void h2_call::expect_pauses()
{
    first_byte_ = between_bytes_ = {};
    body_.demand_pace({}, 0);
}

now_or_later<result<void>> h2_call::send(const request_head& head, body_source& body)
{
    if (failed_) return result<void>(failed_);
    method_ = head.method;
    if (auto first = body.ready()) {
        if (first->what == body_piece::kind::reset) {
            fail(errc::upstream_failed, h2_code::cancel);
            return result<void>(errc::upstream_failed);
        }
        out_.offer(*first);
    }
    id_ = connection_->begin_stream(head, out_.is_bare_end(), body.length(), *this);
    if (id_ == 0) {  // no number is left (RFC 9113 §5.1.1)
        connection_->leave();
        unprocessed_ = true;
        fail(errc::stream_refused, h2_code::cancel);
    }
    connection_->push();
    if (failed_) return result<void>(failed_);
    if (out_.sent()) return sent(body);
    return send_in_pieces(body);
}

/// The rest, of which the session has what is offered now.
task<result<void>> h2_call::send_in_pieces(body_source& body)
{
    for (;;) {
        if (auto taken = co_await out_.wait_until_taken(write_patience_); !taken) {
            if (taken.error() == net::errc::timed_out) fail(taken.error(), h2_code::cancel);
            co_return taken;
        }
        if (out_.sent()) co_return sent(body);
        auto piece = body.ready();
        if (!piece) piece = co_await body.read();
        if (auto broken = out_.broken()) co_return broken;
        if (piece->what == body_piece::kind::reset) {
            // Never an end that makes half a request look whole.
            fail(errc::upstream_failed, h2_code::cancel);
            co_return errc::upstream_failed;
        }
        out_.offer(*piece);
        connection_->session().resume(id_);
        connection_->push();
    }
}

result<void> h2_call::sent(body_source& body)
{
    if (!out_.end_is_due()) return {};
    auto ended = take_end(body);
    if (!ended) fail(ended.error(), h2_code::cancel);
    return ended;
}

void h2_call::on_sent()
{
    out_.on_sent();
    asked_at_ = connection_->home().time();
    // A slow upload is no slow answer: patience for the first byte begins when the request is out.
    if (awaits_head_) wait_for_first_byte();
}

void h2_call::wait_for_first_byte()
{
    answering_.begin(out_.sent() ? after(first_byte_, connection_->home().time()) : time_point::max());
}

task<result<response_head*>> h2_call::receive_head()
{
    awaits_head_ = true;
    wait_for_first_byte();
    while (heads_.empty() && !failed_ && !answering_.passed()) co_await arrived_.wait();
    awaits_head_ = false;
    bool late = answering_.passed();
    answering_.clear();
    if (!heads_.empty()) {
        current_ = std::move(heads_.front());
        heads_.pop_front();
        co_return &current_->head;
    }
    if (late && !failed_) {
        connection_->doubt(asked_at_);
        fail(net::errc::timed_out, h2_code::cancel);
    }
    co_return failed_;
}

h2_call::received& h2_call::arriving()
{
    response_begun_ = true;
    if (!incoming_) incoming_ = std::make_unique<received>();
    return *incoming_;
}

void h2_call::on_field(std::string_view name, std::string_view value)
{
    if (final_seen_)
        body_.on_trailer(name, value);
    else
        arriving().list.add(name, value, h2_session::answer_list_bytes);
}

void h2_call::on_head(bool ends)
{
    auto wrong = final_seen_ ? body_.on_trailers(connection_->limits().head, ends) : understand(ends);
    if (wrong) return fail(wrong, h2_code::protocol_error);
    if (incoming_) {
        heads_.push_back(std::move(incoming_));
        arrived_.notify();
    }
}

error_code h2_call::understand(bool ends)
{
    auto& [list, head] = arriving();
    const auto& limits = connection_->limits();
    if (auto read = list.read(limits.head, head); !read) return read.error();
    if (head.status == 101) return errc::unasked_upgrade;  // RFC 9113 §8.6: there is none
    if (head.status / 100 == 1) {
        if (ends) return errc::bad_status_line;
        if (++interim_seen_ > limits.interim) return errc::too_many_interim;
        if (head.status == 100) incoming_.reset();  // whoever expects it was told already
        return {};
    }
    auto how = framing_of(head, method_);
    if (!how) return how.error();
    bool bodiless = how->what == framing::kind::none;
    if (ends && how->what == framing::kind::length && how->length > 0) return errc::other_length;
    if (bodiless) how = framing{framing::kind::length, 0};
    final_seen_ = true;
    body_.start(*connection_, id_, *how, ends || bodiless);
    body_.demand_pace(between_bytes_, 0);
    return {};
}

void h2_call::on_data(std::string_view bytes)
{
    if (final_seen_) return body_.on_data(bytes);
    connection_->session().consumed(id_, bytes.size());
    response_begun_ = true;
    fail(errc::bad_status_line, h2_code::protocol_error);
}

void h2_call::on_end()
{
    if (!final_seen_) return;
    body_.on_end();
    if (auto wrong = body_.broken()) fail(wrong, h2_code::protocol_error);
}

void h2_call::on_closed(h2_code why)
{
    closed_ = true;
    connection_->forget(*this);
    bool complete = final_seen_ && (body_.ended() || body_.broken());
    if (!complete) {
        // RFC 9113 §8.7: so says RST_STREAM, and a GOAWAY below this stream.
        bool refused = why == h2_code::refused_stream && !response_begun_;
        unprocessed_ = refused;
        reset_ = !refused;
        fail(refused ? errc::stream_refused : errc::stream_reset, h2_code::cancel);
    }
    out_.break_off(wants_no_more());
}

void h2_call::lose(error_code why)
{
    if (id_ != 0 && !closed_) connection_->session().forget(id_);
    closed_ = true;
    unprocessed_ = unprocessed_ || id_ == 0;  // nothing was said yet
    fail(why, h2_code::cancel);
}

/// `told`: to the upstream, where the stream is still there.
void h2_call::fail(error_code why, h2_code told)
{
    if (failed_) return;
    failed_ = why;
    body_.fail(why);
    out_.break_off(why);
    end_stream(told);
    arrived_.notify();
}

void h2_call::end_stream(h2_code told)
{
    if (id_ == 0 || std::exchange(closed_, true)) return;
    connection_->session().forget(id_);
    connection_->session().reset(id_, told);
    connection_->forget(*this);
    connection_->push();
}

tunnel_end h2_call::take_tunnel()
{
    assert(false && "HTTP/2 has no 101");
    return {};
}

void h2_call::abort() { fail(net::errc::aborted, h2_code::cancel); }

}  // namespace lintel::http
