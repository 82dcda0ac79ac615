#include "http/h2_exchange.hpp"

#include "http/error.hpp"
#include "http/error_page.hpp"
#include "http/h2_tunnel.hpp"
#include "http/request_check.hpp"

namespace lintel::http {

namespace {

bool has_no_body(const request_head& request, int status)
{
    return request.is("HEAD") || status == 204 || status == 304;
}

/// RFC 9113 §8.1.1: such a stream ends with an error, whatever was answered.
bool breaks_rules(error_code why) { return is_malformed(why) && status_of(why) == 400; }

}  // namespace

h2_exchange::h2_exchange(net::worker& home) : home_(home), body_(home), answer_(home) {}

void h2_exchange::attach(h2_link& link, h2_stream_id id)
{
    link_ = &link;
    id_ = id;
    wrong_ = {};
    body_.start(link, id, {}, false);
    answer_.start(link, id);
    observer_ = nullptr;
    connect_.start();
    keeper_ = nullptr;
    begun_ = gone_ = closed_ = conversation_ = false;
}

void h2_exchange::detach()
{
    auto& session = link_->session();
    body_.stop();
    bool malformed = breaks_rules(wrong_) || breaks_rules(body_.broken());
    if (!closed_) session.forget(id_);
    if (malformed && answer_.complete())
        session.reset(id_, h2_code::protocol_error);  // also where the answer closed it
    else if (!answer_.complete() && !closed_ && !answer_.aborted())
        session.reset(id_, h2_code::internal_error);
    else if (answer_.complete() && !closed_ && !body_.ended())
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
        // What decides in which form the client is told.
        if (auto type = list_.find("content-type")) request_.fields.add("Content-Type", *type);
        return read.error();
    }
    prioritise();
    if (!list_.protocol().empty()) {
        if (auto wrong = connect_.read(list_.protocol(), request_)) return wrong;
        nothing_ = memory_body();
        conversation_ = true;
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
    if (conversation_ && h2_budget::is_tiny(bytes.size())) link_->excuse(h2_attack::tiny_data);
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
    if (!answer_.complete()) leave();
}

void h2_exchange::leave()
{
    if (std::exchange(gone_, true)) return;
    body_.fail(errc::cut_short);
    answer_.leave();
    stir();
    if (observer_ != nullptr) observer_->client_left();
}

void h2_exchange::use(const model::http_options& options)
{
    answer_.set_patience(options.write_timeout);
    if (body_.finished() || connect_.asked()) return;
    body_.limit_to(options.body_limit);
    if (!conversation_) body_.demand_pace(options.body_timeout, options.body_rate);
}

void h2_exchange::expect_pauses()
{
    conversation_ = true;
    body_.demand_pace({}, 0);
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
    response_head head;
    head.status = 100;
    if (!gone_) answer_.inform(head);
    co_return;
}

body_source& h2_exchange::body()
{
    if (connect_.asked()) return nothing_;
    return body_;
}

task<result<void>> h2_exchange::inform(const response_head& interim)
{
    if (gone_) co_return errc::cut_short;
    answer_.inform(interim);
    co_return result<void>{};
}

now_or_later<result<void>> h2_exchange::respond(const response_head& head, body_source& body)
{
    // To such a request it would mean that the tunnel is there (RFC 8441 §4).
    if (connect_.asked() && head.status / 100 == 2) return result<void>(errc::missing_upgrade);
    return answer_.give(head, has_no_body(request_, head.status), body);
}

task<result<void>> h2_exchange::accept_tunnel(const response_head& head, tunnel_keeper next)
{
    auto answer = gone_ ? std::nullopt : connect_.accepted(head);
    if (!answer) {
        abort();
        co_return errc::unasked_upgrade;
    }
    keeper_ = std::move(next);
    answer_.open_tunnel(*answer);
    co_return result<void>{};
}

task<void> h2_exchange::run_tunnel()
{
    auto keeper = std::move(keeper_);
    co_await keeper({std::make_unique<h2_tunnel>(*this), {}});
    co_await answer_.finish();
}

h2_stream::offer h2_exchange::offered(std::size_t most) { return answer_.offered(most); }

std::string_view h2_exchange::take(std::size_t count)
{
    auto taken = answer_.take(count);
    stir();
    return taken;
}

void h2_exchange::on_sent()
{
    answer_.on_sent();
    stir();
}

/// For the tunnel, where there is one.
void h2_exchange::stir()
{
    if (tunnel_ != nullptr) tunnel_->stirred();
}

}  // namespace lintel::http
