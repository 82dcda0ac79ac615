#include "http/h1_connection.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/error_page.hpp"
#include "http/h1_writer.hpp"
#include "http/target.hpp"
#include "net/error.hpp"

#include <cstring>

namespace lintel::http {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;
constexpr duration farewell = 1s;  ///< how long a client may take to notice that we close

bool is_silence(error_code failure)
{
    return failure == net::errc::timed_out || failure == net::errc::end_of_stream || failure == errc::cut_short;
}

}  // namespace

h1_connection::h1_connection(net::worker& home, std::unique_ptr<net::stream> client, const connection_limits& limits)
    : client_(std::move(client)),
      limits_(limits),
      input_(home.buffers()),
      head_bytes_(home.buffers()),
      body_(*client_, input_)
{
    client_->set_patience(net::direction::write, limits_.write_patience);
}

h1_connection::~h1_connection() = default;

task<void> h1_connection::serve(const handler& answer, const refusal_observer& refused)
{
    while (co_await wait_for_request()) {
        if (auto come = co_await read_head(); !come) {
            if (is_silence(come.error())) break;
            if (refused) refused(*client_, status_of(come.error()), come.error());
            co_await refuse(come.error());
            break;
        }
        co_await answer(*this);
        if (!co_await finish()) break;
    }
    client_->close();
}

void h1_connection::drain()
{
    draining_ = true;
    // Bytes that are here already are a request that we accepted: it is answered, then the connection closes.
    if (idle_ && !fresh_ && !client_->readable_now()) client_->close();
    if (idle_ && fresh_) client_->expires_at(net::direction::read, steady_clock::now() + farewell);
}

void h1_connection::close() { client_->close(net::stream::manner::abortive); }

/// Waits, without a buffer, until a request begins. False when the connection ends instead.
task<bool> h1_connection::wait_for_request()
{
    response_started_ = responded_ = false;
    if (!input_.empty()) co_return !draining_;
    if (draining_ && !fresh_ && !client_->readable_now()) co_return false;
    input_.release();
    head_bytes_.release();
    request_ = {};  // its views went with the bytes
    out_ = {};
    client_->expires_at(net::direction::read, time_point::max());
    client_->set_patience(net::direction::read, fresh_ ? limits_.head_total : limits_.idle);
    idle_ = true;
    auto come = co_await client_->wait(net::direction::read);
    idle_ = false;
    co_return come.has_value();
}

task<result<void>> h1_connection::read_head()
{
    head_scanner scanner;
    parsed_ = false;
    client_->expires_at(net::direction::read, steady_clock::now() + limits_.head_total);
    bool begun = false;
    for (;;) {
        // One empty line before a request is an old client's habit (RFC 9112 §2.2).
        if (!begun && input_.bytes().starts_with("\r\n")) input_.consume(2);
        begun = begun || (!input_.empty() && input_.bytes() != "\r");
        auto length = begun ? scanner.scan(input_.bytes(), limits_.head) : result<std::size_t>(std::size_t{0});
        if (!length) co_return length.error();
        if (*length > 0) {
            client_->expires_at(net::direction::read, time_point::max());
            co_return understand(*length);
        }
        auto count = co_await client_->read_some(input_.prepare(least_read_bytes));
        if (!count) co_return count.error();
        if (*count == 0) co_return errc::cut_short;
        input_.commit(*count);
        fresh_ = false;
    }
}

/// Parses the head at the front of the input into bytes of its own, so that the input is free for the body.
result<void> h1_connection::understand(std::size_t length)
{
    head_bytes_.release();
    auto space = head_bytes_.prepare(length);
    std::memcpy(space.data(), input_.bytes().data(), length);
    head_bytes_.commit(length);
    input_.consume(length);

    keep_alive_ = false;  // until the head is found good
    if (auto parsed = parse_request_head(head_bytes_.bytes(), limits_.head, request_); !parsed) return parsed;
    parsed_ = true;
    if (request_.is("CONNECT") || request_.is("TRACE")) return errc::method_not_allowed;
    if (auto read = read_target(request_); !read) return read;
    auto how = framing_of(request_);
    if (!how) return how.error();

    const auto& fields = request_.fields;
    const auto* expectation = fields.find(field_id::expect);
    bool http_1_1 = request_.version == version::http_1_1;
    if (expectation != nullptr && !text::equal_caseless(expectation->value, "100-continue"))
        return errc::bad_expectation;
    bool close = fields.has_token(field_id::connection, "close");
    keep_alive_ = !close && (http_1_1 || fields.has_token(field_id::connection, "keep-alive"));
    bool waits = expectation != nullptr && http_1_1 && how->what != framing::kind::none && input_.empty();
    client_->set_patience(net::direction::read, limits_.body_patience);
    body_.start(*how, waits ? [this] { return send_continue(); } : std::function<task<void>()>());
    return {};
}

task<void> h1_connection::send_continue()
{
    if (!response_started_) co_await client_->write_all("HTTP/1.1 100 Continue\r\n\r\n");
}

task<void> h1_connection::refuse(error_code why)
{
    keep_alive_ = false;
    if (!parsed_) request_ = {};  // half of this message's, or of the one before
    response_head head;
    if (status_of(why) == 405) head.fields.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    auto sentence = "The request is refused: " + why.message() + ".";
    notice what{status_of(why), "bad-request", sentence, advice_for_bad_requests};
    body_.start({});
    if (co_await reply_with_notice(*this, what, std::move(head))) co_await linger();
}

task<result<void>> h1_connection::inform(const response_head& interim)
{
    if (request_.version == version::http_1_0 || response_started_) co_return result<void>{};
    std::string text;
    write_response_head(text, interim, {}, "");
    co_return co_await client_->write_all(text);
}

framing h1_connection::framing_for(const response_head& head, const body_source& body) const
{
    bool bodiless = request_.is("HEAD") || head.status == 204 || head.status == 304;
    if (bodiless) return {};
    if (auto length = body.length()) return {framing::kind::length, *length};
    if (request_.version == version::http_1_0) return {framing::kind::until_close, 0};
    return {framing::kind::chunked, 0};
}

task<result<void>> h1_connection::respond(const response_head& head, body_source& body)
{
    auto how = framing_for(head, body);
    // A request body that nobody reads is discarded afterwards only where it is known to be short.
    bool unread = body_.untouched() && body_.longer_than(limits_.drain_bytes);
    keep_alive_ = keep_alive_ && !draining_ && !body_.broken() && !unread && how.what != framing::kind::until_close;
    bool says_keep_alive = keep_alive_ && request_.version == version::http_1_0;
    out_.clear();
    write_response_head(out_, head, how, !keep_alive_ ? "close" : says_keep_alive ? "keep-alive" : "");
    response_started_ = true;
    result<void> written;
    if (how.what == framing::kind::none) {
        written = co_await client_->write_all(out_);
    } else {
        written = co_await write_message(*client_, out_, body, how);
    }
    responded_ = written.has_value();
    if (!responded_) abort();
    co_return written;
}

task<result<tunnel_end>> h1_connection::accept_tunnel(const response_head& head)
{
    out_.clear();
    write_response_head(out_, head, {}, "upgrade");
    response_started_ = tunnelled_ = true;
    keep_alive_ = false;
    if (auto sent = co_await client_->write_all(out_); !sent) co_return sent.error();
    client_->set_patience(net::direction::read, {});
    co_return tunnel_end{*client_, input_.bytes()};
}

void h1_connection::abort()
{
    aborted_ = true;
    keep_alive_ = false;
    client_->close(net::stream::manner::abortive);
}

/// Makes the connection ready for the next request; false when there will be none.
task<bool> h1_connection::finish()
{
    if (tunnelled_ || aborted_) co_return false;
    if (!responded_) {
        abort();
        co_return false;
    }
    if (keep_alive_ && (body_.finished() || co_await discard_body())) co_return true;
    co_await linger();
    co_return false;
}

/// Reads past a body that nobody wanted, as long as it is short. A client that waits for 100 (Continue) never sends it:
/// then the connection closes.
task<bool> h1_connection::discard_body()
{
    if (request_.fields.find(field_id::expect) != nullptr && body_.untouched() && input_.empty()) co_return false;
    client_->set_patience(net::direction::read, farewell);
    for (std::size_t discarded = 0; discarded <= limits_.drain_bytes;) {
        auto piece = co_await body_.read();
        if (piece.what == body_piece::kind::end) co_return true;
        if (piece.what == body_piece::kind::reset) co_return false;
        discarded += piece.bytes.size();
    }
    co_return false;
}

/// Closes so that the client can read our last answer: a reset would overtake it if we still had bytes to read
/// (RFC 9112 §9.6).
task<void> h1_connection::linger()
{
    client_->shutdown_write();
    client_->expires_at(net::direction::read, steady_clock::now() + farewell);
    for (std::size_t discarded = 0; discarded <= limits_.drain_bytes;) {
        input_.release();
        auto count = co_await client_->read_some(input_.prepare(least_read_bytes));
        if (!count || *count == 0) break;
        discarded += *count;
    }
}

}  // namespace lintel::http
