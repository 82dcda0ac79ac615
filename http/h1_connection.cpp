#include "http/h1_connection.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/error_page.hpp"
#include "http/h1_writer.hpp"
#include "http/target.hpp"
#include "net/error.hpp"

namespace lintel::http {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t least_read_bytes = 4 * 1024;
constexpr std::size_t usual_head_bytes = 512;
constexpr duration farewell = 1s;  ///< how long a client may take to notice that we close

/// A client that made a mistake hears of it; one that left does not.
bool deserves_answer(error_code failure) { return is_malformed(failure) || failure == net::errc::timed_out; }

}  // namespace

h1_connection::h1_connection(net::worker& home, std::unique_ptr<net::stream> client, const connection_limits& limits,
                             connection_book& book)
    : client_(std::move(client)),
      limits_(limits),
      input_(home.buffers()),
      body_(*client_, input_, limits.head.underscores),
      place_(book, *this)
{
}

h1_connection::~h1_connection() = default;

task<void> h1_connection::serve(const handler& answer, const refusal_observer& refused)
{
    while (co_await wait_for_request()) {
        if (auto come = co_await read_head(); !come) {
            if (!deserves_answer(come.error())) break;
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
    if (place_.now() != connection_book::phase::idle) return;
    if (!fresh_) {
        leave_if_idle();
    } else {
        client_->expires_at(net::direction::read, steady_clock::now() + farewell);
    }
}

void h1_connection::close()
{
    place_.move_to(connection_book::phase::leaving);
    client_->close(net::stream::manner::abortive);
}

bool h1_connection::leave_if_idle()
{
    if (place_.now() != connection_book::phase::idle || client_->readable_now()) return false;
    place_.move_to(connection_book::phase::leaving);
    client_->close();
    return true;
}

/// Waits, without a buffer, until a request begins. False when the connection ends instead.
task<bool> h1_connection::wait_for_request()
{
    response_started_ = responded_ = false;
    if (!input_.empty()) co_return !draining_;
    if (draining_ && !fresh_ && !client_->readable_now()) co_return false;
    input_.release();
    head_bytes_ = {};
    request_ = {};  // its views went with the bytes
    out_ = {};
    const auto& options = limits_.options;
    client_->expires_at(net::direction::read, fresh_ ? steady_clock::now() + options.head_timeout : time_point::max());
    client_->set_patience(net::direction::read, fresh_ ? duration{} : options.idle_timeout);
    client_->set_patience(net::direction::write, options.write_timeout);
    place_.move_to(connection_book::phase::idle);
    auto come = co_await client_->read_into(input_, least_read_bytes);
    co_return come && *come > 0;
}

task<result<void>> h1_connection::read_head()
{
    head_scanner scanner;
    parsed_ = false;
    client_->set_patience(net::direction::read, {});
    // The first head's time began at accept.
    if (!std::exchange(fresh_, false))
        client_->expires_at(net::direction::read, steady_clock::now() + limits_.options.head_timeout);
    bool begun = false, blank_seen = false;
    for (;;) {
        // One empty line before a request is an old client's habit (RFC 9112 §2.2).
        if (!blank_seen && !begun && input_.bytes().starts_with("\r\n")) {
            input_.consume(2);
            blank_seen = true;
        }
        begun = begun || (!input_.empty() && input_.bytes() != "\r");
        auto length = begun ? scanner.scan(input_.bytes(), limits_.head) : result<std::size_t>(std::size_t{0});
        if (!length) co_return length.error();
        if (*length > 0) {
            client_->expires_at(net::direction::read, time_point::max());
            place_.move_to(connection_book::phase::exchange);
            co_return understand(*length);
        }
        if (begun) place_.move_to(connection_book::phase::head);
        auto count = co_await client_->read_some(input_.prepare(least_read_bytes));
        if (!count && !begun) co_return errc::cut_short;
        if (!count) co_return count.error();
        if (*count == 0) co_return errc::cut_short;
        input_.commit(*count);
    }
}

/// Parses the head at the front of the input into bytes of its own, so that the input is free for the body.
result<void> h1_connection::understand(std::size_t length)
{
    head_bytes_.assign(input_.bytes().substr(0, length));
    input_.consume(length);

    keep_alive_ = false;  // until the head is found good
    if (auto parsed = parse_request_head(head_bytes_, limits_.head, request_); !parsed) return parsed;
    parsed_ = true;
    if (request_.is("CONNECT")) return errc::method_not_allowed;
    if (auto read = read_target(request_); !read) return read;
    auto how = framing_of(request_);
    if (!how) return how.error();
    if (request_.is("TRACE") && how->what != framing::kind::none) return errc::unexpected_body;

    const auto& fields = request_.fields;
    bool http_1_1 = request_.version == version::http_1_1;
    bool expects = http_1_1 && fields.find(field_id::expect) != nullptr;
    auto unknown = [](const field& each) {
        return each.id == field_id::expect && !text::equal_caseless(each.value, "100-continue");
    };
    if (expects && std::ranges::any_of(fields, unknown)) return errc::bad_expectation;
    bool close = fields.has_token(field_id::connection, "close");
    bool last = ++served_ >= limits_.options.requests_per_connection;
    keep_alive_ = !close && !last && (http_1_1 || fields.has_token(field_id::connection, "keep-alive"));
    bool waits = expects && how->what != framing::kind::none && input_.empty();
    client_->set_patience(net::direction::read, {});
    body_.start(*how, waits ? [this] { return send_continue(); } : std::function<task<void>()>());
    use(limits_.options);
    return {};
}

void h1_connection::use(const model::http_options& options)
{
    client_->set_patience(net::direction::write, options.write_timeout);
    if (body_.finished()) return;
    body_.demand_pace(options.body_timeout, options.body_rate);
    body_.limit_to(options.body_limit);
}

/// All at once or not at all: the answer may be on its way from another task.
task<void> h1_connection::send_continue()
{
    constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    if (response_started_) co_return;
    auto sent = client_->try_write({&text, 1});
    if (!sent || *sent < text.size()) abort();
}

task<void> h1_connection::refuse(error_code why)
{
    keep_alive_ = false;
    if (!parsed_) request_ = {};  // half of this message's, or of the one before
    response_head head;
    if (status_of(why) == 405) head.fields.add("Allow", allowed_methods);
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
    // A request body that nobody reads is discarded afterwards only where it is known to be short, and to come.
    bool unread = body_.untouched() && (body_.longer_than(limits_.drain_bytes) || waits_for_continue());
    bool told = head.fields.has_token(field_id::connection, "close");
    keep_alive_ =
        keep_alive_ && !told && !draining_ && !body_.broken() && !unread && how.what != framing::kind::until_close;
    bool says_keep_alive = keep_alive_ && request_.version == version::http_1_0;
    out_.clear();
    out_.reserve(usual_head_bytes);
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
    client_->set_patience(net::direction::write, {});
    if (input_.empty()) input_.release();
    co_return tunnel_end{*client_, input_.bytes()};
}

void h1_connection::abort()
{
    aborted_ = true;
    keep_alive_ = false;
    client_->close(net::stream::manner::abortive);
}

/// The client sends its body after a 100 (Continue) that it did not get, or doesn't wait for it: nobody knows.
bool h1_connection::waits_for_continue() const
{
    return !body_.finished() && body_.untouched() && request_.fields.find(field_id::expect) != nullptr;
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
    if (waits_for_continue()) co_return false;
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
    // TLS says its end in a record of its own, which must find room behind the answer (RFC 8446 §6.1).
    client_->set_patience(net::direction::write, farewell);
    co_await client_->finish_writing();
    client_->expires_at(net::direction::read, steady_clock::now() + farewell);
    for (std::size_t discarded = 0; discarded <= limits_.drain_bytes;) {
        input_.release();
        auto count = co_await client_->read_some(input_.prepare(least_read_bytes));
        if (!count || *count == 0) break;
        discarded += *count;
    }
}

}  // namespace lintel::http
