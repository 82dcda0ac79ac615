#include "http/h2_exchange.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/error_page.hpp"
#include "http/h2_tunnel.hpp"
#include "http/request_check.hpp"
#include "http/websocket.hpp"
#include "net/error.hpp"

namespace lintel::http {

namespace {

constexpr std::string_view key_name = "Sec-WebSocket-Key", accept_name = "Sec-WebSocket-Accept";

bool has_no_body(const request_head& request, int status)
{
    return request.is("HEAD") || status == 204 || status == 304;
}

/// RFC 9113 §8.1.1: such a stream ends with an error, whatever was answered.
bool breaks_rules(error_code why) { return is_malformed(why) && status_of(why) == 400; }

/// After the last byte of a known length: the source must see it the same way.
result<void> take_end(body_source& body)
{
    auto last = body.ready();
    if (!last || last->what != body_piece::kind::end) return errc::upstream_failed;
    return {};
}

}  // namespace

h2_exchange::h2_exchange(net::worker& home) : home_(home), body_(home), out_(home) {}

void h2_exchange::attach(h2_link& link, h2_stream_id id)
{
    link_ = &link;
    id_ = id;
    wrong_ = {};
    out_.start();
    observer_ = nullptr;
    patience_ = link.limits().options.write_timeout;
    websocket_key_.clear();
    keeper_ = nullptr;
    begun_ = by_length_ = response_started_ = gone_ = aborted_ = closed_ = false;
    body_.start(link, id, {}, false);
}

void h2_exchange::detach()
{
    auto& session = link_->session();
    body_.stop();
    bool malformed = breaks_rules(wrong_) || breaks_rules(body_.broken());
    if (!closed_) session.forget(id_);
    if (malformed && out_.sent())
        session.reset(id_, h2_code::protocol_error);  // also where the answer closed it
    else if (!out_.sent() && !closed_ && !aborted_)
        session.reset(id_, h2_code::internal_error);
    else if (out_.sent() && !closed_ && !body_.ended())
        session.reset(id_, h2_code::no_error);  // the rest of the request has no reader (RFC 9113 §8.1)
    link_->push();
    request_.clear();
    list_.clear();
    link_ = nullptr;
}

void h2_exchange::on_field(std::string_view name, std::string_view value)
{
    if (begun_)
        body_.on_trailer(name, value);
    else
        list_.add(name, value, h2_session::header_list_bytes);
}

void h2_exchange::on_head(bool ends)
{
    if (begun_) {
        if (auto wrong = body_.on_trailers(link_->limits().head, ends)) body_.fail(wrong);
        return;
    }
    begun_ = true;
    link_->begun(*this);
    if (list_.too_large()) link_->note(h2_attack::header_list);
    wrong_ = understand(ends);
}

error_code h2_exchange::understand(bool ends)
{
    if (auto read = list_.read(link_->limits().head, request_); !read) {
        request_.clear();
        return read.error();
    }
    prioritise();
    if (!list_.protocol().empty()) {
        if (auto wrong = read_extended_connect()) return wrong;
    }
    auto checked = check_request(request_);
    if (!checked) return checked.error();
    if (request_.is("TRACE") && !ends) return errc::unexpected_body;
    bool has_length = request_.fields.find(field_id::content_length) != nullptr;
    auto declared = has_length ? framing{framing::kind::length, checked->body.length} : framing{};
    bool waits = checked->expects_continue && !ends;
    body_.start(*link_, id_, declared, ends,
                waits ? [this] { return send_continue(); } : std::function<task<void>()>());
    use(link_->limits().options);
    return {};
}

void h2_exchange::prioritise()
{
    const auto* said = request_.fields.find("priority");
    if (said == nullptr) return;
    auto wanted = read_priority(said->value);
    if (wanted != h2_priority()) link_->session().prioritise(id_, wanted.urgency, wanted.incremental);
}

void h2_exchange::on_data(std::string_view bytes)
{
    body_.on_data(bytes);
    stir();
}

void h2_exchange::on_end()
{
    body_.on_end();
    stir();
}

void h2_exchange::on_closed(h2_code)
{
    closed_ = true;
    if (!out_.sent()) leave();
}

void h2_exchange::leave()
{
    if (std::exchange(gone_, true)) return;
    body_.fail(errc::cut_short);
    out_.break_off(errc::cut_short);
    stir();
    if (observer_ != nullptr) observer_->client_left();
}

void h2_exchange::use(const model::http_options& options)
{
    patience_ = options.write_timeout;
    if (body_.finished() || !websocket_key_.empty()) return;
    body_.demand_pace(options.body_timeout, options.body_rate);
    body_.limit_to(options.body_limit);
}

task<void> h2_exchange::refuse()
{
    response_head head;
    if (status_of(wrong_) == 405) head.fields.add("Allow", allowed_methods);
    auto sentence = "The request is refused: " + wrong_.message() + ".";
    notice what{status_of(wrong_), "bad-request", sentence, advice_for_bad_requests};
    co_await reply_with_notice(*this, what, std::move(head));
}

task<void> h2_exchange::send_continue()
{
    if (response_started_ || gone_) co_return;
    response_head head;
    head.status = 100;
    send_head(head, h2_session::head::interim, {});
    link_->push();
}

task<result<void>> h2_exchange::inform(const response_head& interim)
{
    if (gone_) co_return errc::cut_short;
    if (response_started_) co_return result<void>{};
    send_head(interim, h2_session::head::interim, {});
    link_->push();
    co_return result<void>{};
}

void h2_exchange::send_head(const response_head& head, h2_session::head how, std::optional<std::uint64_t> length)
{
    write_head(head, how != h2_session::head::with_body, length, digits_, head_);
    link_->session().send_head(id_, head_, how);
}

now_or_later<result<void>> h2_exchange::respond(const response_head& head, body_source& body)
{
    response_started_ = true;
    if (gone_ || aborted_) return result<void>(errc::cut_short);
    if (!websocket_key_.empty() && head.status / 100 == 2) {
        // To such a request it would mean that the tunnel is there (RFC 8441 §4).
        return reply_with_notice(*this, {502, "bad-response", "The app did not switch to WebSocket.",
                                         "Find out whether the app speaks WebSocket at this path."});
    }
    if (has_no_body(request_, head.status)) {
        out_.offer(body_piece::end_with(nullptr), true);
        send_head(head, h2_session::head::whole, {});
        link_->push();
        if (out_.sent()) return result<void>();
        return respond_in_pieces(body);
    }
    auto length = body.length();
    if (auto first = body.ready()) {
        if (first->what == body_piece::kind::reset) {
            abort();
            return result<void>(errc::upstream_failed);
        }
        offer_piece(*first, length);
    }
    write_head(head, false, length, digits_, head_);
    bool whole = out_.is_bare_end();
    link_->session().send_head(id_, head_, whole ? h2_session::head::whole : h2_session::head::with_body);
    link_->push();
    if (out_.sent()) return by_length_ ? take_end(body) : result<void>();
    return respond_in_pieces(body);
}

void h2_exchange::offer_piece(const body_piece& piece, std::optional<std::uint64_t> length)
{
    by_length_ = length && piece.what == body_piece::kind::bytes && *length == piece.bytes.size();
    out_.offer(piece, by_length_ || piece.what == body_piece::kind::end);
}

/// The rest, of which the session has what is offered now.
task<result<void>> h2_exchange::respond_in_pieces(body_source& body)
{
    for (;;) {
        if (auto taken = co_await out_.wait_until_taken(patience_); !taken) {
            not_taken(taken.error());
            co_return taken;
        }
        if (out_.sent()) co_return by_length_ ? take_end(body) : result<void>{};
        auto piece = body.ready();
        if (!piece) piece = co_await body.read();
        if (gone_ || aborted_) co_return errc::cut_short;
        if (piece->what == body_piece::kind::reset) {
            abort();
            co_return errc::upstream_failed;
        }
        offer_piece(*piece, {});
        link_->session().resume(id_);
        link_->push();
    }
}

void h2_exchange::not_taken(error_code why)
{
    if (why == net::errc::timed_out) link_->note(h2_attack::stalled);
    abort();
}

std::string_view h2_exchange::take(std::size_t count)
{
    auto taken = out_.take(count);
    stir();
    return taken;
}

void h2_exchange::on_sent()
{
    out_.on_sent();
    stir();
}

/// As an HTTP/1.1 upgrade, which is what apps know (RFC 8441 §5). The key is ours: the client has none.
error_code h2_exchange::read_extended_connect()
{
    if (list_.protocol() != "websocket") return errc::unknown_protocol;
    if (request_.fields.find(field_id::content_length) != nullptr) return errc::bad_content_length;
    websocket_key_ = new_websocket_key();
    request_.method = "GET";
    request_.fields.remove_if([](const field& each) { return text::equal_caseless(each.name, key_name); });
    request_.fields.add(key_name, websocket_key_);
    request_.fields.add({"Upgrade", "websocket", field_id::upgrade});
    request_.fields.add({"Connection", "upgrade", field_id::connection});
    nothing_ = memory_body();
    return {};
}

body_source& h2_exchange::body()
{
    if (websocket_key_.empty()) return body_;
    return nothing_;
}

task<result<void>> h2_exchange::accept_tunnel(const response_head& head, tunnel_keeper next)
{
    const auto* accept = head.fields.find(accept_name);
    if (gone_ || accept == nullptr || !answers_websocket_key(accept->value, websocket_key_)) {
        abort();
        co_return errc::unasked_upgrade;
    }
    response_started_ = true;
    auto answer = head;
    answer.status = 200;
    answer.fields.remove_if([](const field& each) { return text::equal_caseless(each.name, accept_name); });
    keeper_ = std::move(next);
    send_head(answer, h2_session::head::with_body, {});
    link_->push();
    co_return result<void>{};
}

task<void> h2_exchange::run_tunnel()
{
    auto keeper = std::move(keeper_);
    co_await keeper({std::make_unique<h2_tunnel>(*this), {}});
    if (!out_.last_offered()) co_return;
    if (auto taken = co_await out_.wait_until_taken(patience_); !taken) not_taken(taken.error());
}

void h2_exchange::offer_tunnelled(std::string_view bytes)
{
    out_.offer(body_piece::of(bytes), false);
    link_->session().resume(id_);
    link_->push();
}

void h2_exchange::end_tunnelled()
{
    if (out_.last_offered()) return;
    out_.offer(body_piece::end_with(nullptr), true);
    link_->session().resume(id_);
    link_->push();
}

void h2_exchange::stir()
{
    if (tunnel_ != nullptr) tunnel_->stirred();
}

void h2_exchange::abort()
{
    if (aborted_ || out_.sent() || closed_) return;
    aborted_ = true;
    out_.break_off(errc::cut_short);
    link_->session().reset(id_, h2_code::internal_error);
    link_->push();
}

}  // namespace lintel::http
