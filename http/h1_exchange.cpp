#include "http/h1_exchange.hpp"

#include "http/error.hpp"
#include "http/error_page.hpp"
#include "http/h1_writer.hpp"
#include "http/request_check.hpp"
#include "net/error.hpp"

namespace lintel::http {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;
constexpr std::size_t usual_head_bytes = 512;
constexpr std::size_t kept_bytes = 4 * 1024;  ///< of each text that the next request may need, too
constexpr duration farewell = 1s;             ///< how long a client may take to notice that we close
constexpr duration longest_discard = 10s;     ///< of a body that nobody wants

void empty(std::string& text)
{
    text.clear();
    if (text.capacity() > kept_bytes) text.shrink_to_fit();
}

}  // namespace

h1_exchange::h1_exchange(net::worker& home) : input_(home.buffers()), body_(input_) {}

void h1_exchange::attach(net::stream& client, const connection_limits& limits)
{
    client_ = &client;
    limits_ = &limits;
    body_.attach(client, limits.head.underscores);
}

void h1_exchange::detach()
{
    input_.release();
    request_.clear();  // its views go with the bytes
    empty(head_bytes_);
    empty(out_);
}

void h1_exchange::begin()
{
    scanner_ = {};
    begun_ = blank_seen_ = parsed_ = false;
    response_started_ = responded_ = aborted_ = false;
    keep_alive_ = true;
    is_last_ = informing_ = false;
}

result<h1_exchange::head_state> h1_exchange::examine()
{
    // One empty line before a request is an old client's habit (RFC 9112 §2.2).
    if (!blank_seen_ && !begun_ && input_.bytes().starts_with("\r\n")) {
        input_.consume(2);
        blank_seen_ = true;
    }
    begun_ = begun_ || (!input_.empty() && input_.bytes() != "\r");
    if (!begun_) return head_state::partial;
    auto length = scanner_.scan(input_.bytes(), limits_->head);
    if (!length) return length.error();
    if (*length == 0) return head_state::partial;
    if (auto understood = understand(*length); !understood) return understood.error();
    return head_state::whole;
}

/// Parses the head at the front of the input into bytes of its own, so that the input is free for the body.
result<void> h1_exchange::understand(std::size_t length)
{
    head_bytes_.assign(input_.bytes().substr(0, length));
    input_.consume(length);

    bool may_keep_alive = std::exchange(keep_alive_, false);  // until the head is found good
    if (auto parsed = parse_request_head(head_bytes_, limits_->head, request_); !parsed) return parsed;
    parsed_ = true;
    auto checked = check_request(request_);
    if (!checked) return checked.error();
    const auto& fields = request_.fields;
    bool close = fields.has_token(field_id::connection, "close");
    bool http_1_1 = request_.version == version::http_1_1;
    is_last_ = close || (!http_1_1 && !fields.has_token(field_id::connection, "keep-alive"));
    keep_alive_ = may_keep_alive && !is_last_;
    bool waits = checked->expects_continue && checked->body.what != framing::kind::none && input_.empty();
    body_.start(checked->body, waits ? [this] { return send_continue(); } : std::function<task<void>()>());
    use(limits_->options);
    return {};
}

void h1_exchange::use(const model::http_options& options)
{
    client_->set_patience(net::direction::write, options.write_timeout);
    if (body_.finished()) return;
    body_.demand_pace(options.body_timeout, options.body_rate);
    body_.limit_to(options.body_limit);
}

/// All at once or not at all: the answer may be on its way from another task.
task<void> h1_exchange::send_continue()
{
    constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    if (response_started_ || informing_) co_return;
    auto sent = client_->try_write({&text, 1});
    if (!sent || *sent < text.size()) abort();
}

task<void> h1_exchange::refuse(error_code why)
{
    keep_alive_ = false;
    if (!parsed_) request_.clear();  // half of this message's, or of the one before
    response_head head;
    if (status_of(why) == 405) head.fields.add("Allow", allowed_methods);
    auto sentence = "The request is refused: " + why.message() + ".";
    notice what{status_of(why), "bad-request", sentence, advice_for_bad_requests};
    body_.start({});
    if (co_await reply_with_notice(*this, what, std::move(head))) co_await linger();
}

task<result<void>> h1_exchange::inform(const response_head& interim)
{
    if (request_.version == version::http_1_0 || response_started_) co_return result<void>{};
    std::string text;
    write_response_head(text, interim, {}, "");
    informing_ = true;
    auto sent = co_await client_->write_all(text);
    informing_ = false;
    co_return sent;
}

framing h1_exchange::framing_for(const response_head& head, const body_source& body) const
{
    bool bodiless = request_.is("HEAD") || head.status == 204 || head.status == 304;
    if (bodiless) return {};
    if (auto length = body.length()) return {framing::kind::length, *length};
    if (request_.version == version::http_1_0) return {framing::kind::until_close, 0};
    return {framing::kind::chunked, 0};
}

now_or_later<result<void>> h1_exchange::respond(const response_head& head, body_source& body)
{
    auto how = framing_for(head, body);
    // A request body that nobody reads is discarded afterwards only where it is known to be short, and to come.
    bool unread = body_.untouched() && (body_.longer_than(limits_->drain_bytes) || waits_for_continue());
    bool told = head.fields.has_token(field_id::connection, "close");
    keep_alive_ = keep_alive_ && !told && !body_.broken() && !unread && how.what != framing::kind::until_close;
    bool says_keep_alive = keep_alive_ && request_.version == version::http_1_0;
    out_.clear();
    out_.reserve(usual_head_bytes);
    write_response_head(out_, head, how, !keep_alive_ ? "close" : says_keep_alive ? "keep-alive" : "");
    response_started_ = true;
    auto writing =
        how.what == framing::kind::none ? client_->write_all(out_) : write_message(*client_, out_, body, how);
    if (const auto* written = writing.known()) return responded(*written);
    return respond_later(std::move(writing));
}

task<result<void>> h1_exchange::respond_later(now_or_later<result<void>> writing)
{
    co_return responded(co_await writing);
}

result<void> h1_exchange::responded(result<void> written)
{
    responded_ = written.has_value();
    if (!responded_) abort();
    return written;
}

task<result<void>> h1_exchange::accept_tunnel(const response_head& head, tunnel_keeper next)
{
    out_.clear();
    write_response_head(out_, head, {}, "upgrade");
    response_started_ = true;
    keep_alive_ = false;
    keeper_ = std::move(next);
    auto sent = co_await client_->write_all(out_);
    client_->set_patience(net::direction::read, {});
    client_->set_patience(net::direction::write, {});
    co_return sent;
}

std::string h1_exchange::take_early()
{
    std::string early(input_.bytes());
    input_.release();
    return early;
}

void h1_exchange::abort()
{
    aborted_ = true;
    keep_alive_ = false;
    keeper_ = {};
    client_->close(net::stream::manner::abortive);
}

/// The client sends its body after a 100 (Continue) that it did not get, or doesn't wait for it: nobody knows.
bool h1_exchange::waits_for_continue() const
{
    return !body_.finished() && body_.untouched() && request_.fields.find(field_id::expect) != nullptr;
}

now_or_later<bool> h1_exchange::finish()
{
    if (tunnelled() || aborted_) return false;
    if (!responded_) {
        abort();
        return false;
    }
    if (keep_alive_ && body_.finished()) return true;
    // A client that has said its last word, and of whom nothing is unread, can be left at once. In TLS there is a
    // farewell to be written.
    bool quiet = is_last_ && body_.finished() && input_.empty() && !client_->readable_so_far();
    if (quiet && !client_->secured().encrypted) return false;
    return finish_later();
}

task<bool> h1_exchange::finish_later()
{
    if (keep_alive_ && co_await discard_body()) co_return true;
    co_await linger();
    co_return false;
}

/// Reads past a body that nobody wanted, as long as it is short. A client that waits for 100 (Continue) never sends it:
/// then the connection closes.
task<bool> h1_exchange::discard_body()
{
    if (waits_for_continue()) co_return false;
    client_->set_patience(net::direction::read, farewell);
    client_->expires_at(net::direction::read, steady_clock::now() + longest_discard);
    for (std::size_t discarded = 0; discarded <= limits_->drain_bytes;) {
        auto piece = co_await body_.read();
        if (piece.what == body_piece::kind::end) co_return true;
        if (piece.what == body_piece::kind::reset) co_return false;
        discarded += piece.bytes.size();
    }
    co_return false;
}

/// Closes so that the client can read our last answer: a reset would overtake it if we still had bytes to read
/// (RFC 9112 §9.6).
task<void> h1_exchange::linger()
{
    // TLS says its end in a record of its own, which must find room behind the answer (RFC 8446 §6.1).
    client_->set_patience(net::direction::write, farewell);
    co_await client_->finish_writing();
    client_->expires_at(net::direction::read, steady_clock::now() + farewell);
    for (std::size_t discarded = 0; discarded <= limits_->drain_bytes;) {
        input_.release();
        auto count = co_await client_->read_some(input_.prepare(least_read_bytes));
        if (!count || *count == 0) break;
        discarded += *count;
    }
}

}  // namespace lintel::http
