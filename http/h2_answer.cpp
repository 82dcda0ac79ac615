#include "http/h2_answer.hpp"

#include "http/error.hpp"
#include "net/error.hpp"

namespace lintel::http {

void h2_answer::start(h2_link& link, h2_stream_id id)
{
    link_ = &link;
    id_ = id;
    patience_ = link.limits().options.write_timeout;
    out_.start();
    started_ = aborted_ = false;
}

void h2_answer::inform(const response_head& interim)
{
    if (started_) return;
    send_head(interim, h2_session::head::interim, {});
    link_->push();
}

now_or_later<result<void>> h2_answer::give(const response_head& head, bool bodiless, body_source& body)
{
    started_ = true;
    status_ = head.status;
    if (auto broken = out_.broken()) return result<void>(broken);
    if (bodiless) {
        out_.offer(body_piece::end_with(nullptr));
        send_head(head, h2_session::head::whole, {});
        link_->push();
        if (out_.sent()) return result<void>();
        return give_rest(body);
    }
    if (auto first = body.ready()) {
        if (first->what == body_piece::kind::reset) {
            abort();
            return result<void>(errc::upstream_failed);
        }
        out_.offer(*first);
    }
    write_head(head, false, body.length(), digits_, head_);
    bool whole = out_.is_bare_end();
    link_->session().send_head(id_, head_, whole ? h2_session::head::whole : h2_session::head::with_body);
    link_->push();
    if (out_.sent()) return out_.end_is_due() ? take_end(body) : result<void>();
    return give_rest(body);
}

void h2_answer::send_head(const response_head& head, h2_session::head how, std::optional<std::uint64_t> length)
{
    write_head(head, how != h2_session::head::with_body, length, digits_, head_);
    link_->session().send_head(id_, head_, how);
}

/// Behind the first piece, which the session has been offered.
task<result<void>> h2_answer::give_rest(body_source& body)
{
    for (;;) {
        if (auto taken = co_await out_.wait_until_taken(patience_); !taken) {
            not_taken(taken.error());
            co_return taken;
        }
        if (out_.sent()) co_return out_.end_is_due() ? take_end(body) : result<void>{};
        auto piece = body.ready();
        if (!piece) piece = co_await body.read();
        if (auto broken = out_.broken()) co_return broken;
        if (piece->what == body_piece::kind::reset) {
            abort();
            co_return errc::upstream_failed;
        }
        out_.offer(*piece);
        go_on();
    }
}

void h2_answer::go_on()
{
    link_->session().resume(id_);
    link_->push();
}

void h2_answer::not_taken(error_code why)
{
    if (why == net::errc::timed_out) link_->note(h2_attack::stalled);
    abort();
}

void h2_answer::open_tunnel(const response_head& head)
{
    started_ = true;
    status_ = head.status;
    send_head(head, h2_session::head::with_body, {});
    link_->push();
}

void h2_answer::offer(std::string_view bytes)
{
    out_.offer(body_piece::of(bytes));
    go_on();
}

void h2_answer::end()
{
    if (out_.last_offered()) return;
    out_.offer(body_piece::end_with(nullptr));
    go_on();
}

task<void> h2_answer::finish()
{
    if (!out_.last_offered()) co_return;
    if (auto taken = co_await out_.wait_until_taken(patience_); !taken) not_taken(taken.error());
}

void h2_answer::leave() { out_.break_off(errc::cut_short); }

void h2_answer::abort()
{
    if (out_.sent() || out_.broken()) return;
    aborted_ = true;
    out_.break_off(errc::cut_short);
    link_->session().reset(id_, h2_code::internal_error);
    link_->push();
}

}  // namespace lintel::http
