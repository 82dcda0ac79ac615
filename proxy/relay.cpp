#include "proxy/relay.hpp"

#include "base/text.hpp"
#include "http/error.hpp"
#include "http/grpc.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"
#include "proxy/open_tunnel.hpp"

namespace lintel::proxy {

using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t large_body_bytes = 48 * 1024;  ///< that say something about how fast a client reads

/// Counts the bytes that pass, keeps back trailers that concern one connection, and remembers why a body broke.
class observed_body final : public http::body_source {
public:
    /// `watch`, where given: of a client that learns in trailers that its deadline is over.
    observed_body(http::body_source& inner, std::uint64_t& total, const field_names& kept_back,
                  const client_watch* watch = nullptr)
        : inner_(inner), total_(total), kept_back_(kept_back), watch_(watch)
    {
    }

    std::optional<http::body_piece> ready() override
    {
        auto piece = inner_.ready();
        if (piece) observe(*piece);
        return piece;
    }
    now_or_later<http::body_piece> read() override
    {
        if (auto piece = ready()) return *piece;
        return read_later();
    }
    std::optional<std::uint64_t> length() const override { return inner_.length(); }
    bool complete() const override { return inner_.complete(); }
    error_code broken() const { return broken_; }
    bool ended_early() const { return ended_early_; }

private:
    task<http::body_piece> read_later()
    {
        auto piece = co_await inner_.read();
        observe(piece);
        co_return piece;
    }

    void observe(http::body_piece& piece)
    {
        if (piece.trailers != nullptr && !kept_back_.empty()) {
            trailers_ = without(*piece.trailers, kept_back_);
            piece.trailers = &trailers_;
        }
        total_ += piece.bytes.size();
        if (piece.what == http::body_piece::kind::reset) broken_ = piece.why;
        bool late = broken_ && watch_ != nullptr && watch_->over() == fault::deadline && !inner_.length();
        if (late) piece = deadline_exceeded();
    }

    /// What a gRPC client gets that has seen a part of the answer when its deadline is over.
    http::body_piece deadline_exceeded()
    {
        ended_early_ = true;
        auto said = verdict_of(fault::deadline);
        status_ = std::to_string(static_cast<int>(http::grpc_status_of(said.status, said.reason)));
        message_ = http::grpc_message(said.sentence);
        trailers_.clear();
        trailers_.add("grpc-status", status_);
        trailers_.add("grpc-message", message_);
        return http::body_piece::end_with(&trailers_);
    }

    http::body_source& inner_;
    std::uint64_t& total_;
    const field_names& kept_back_;
    const client_watch* watch_;
    http::fields trailers_;
    std::string status_, message_;
    error_code broken_;
    bool ended_early_ = false;
};

/// A media type (RFC 9110 §8.3.1) whose sender may be silent for long.
bool has_pauses(std::string_view content_type)
{
    auto media = text::trim(content_type.substr(0, content_type.find(';')));
    return http::is_grpc(content_type) || text::equal_caseless(media, "text/event-stream");
}

class attempt {
public:
    attempt(worker_state& worker, http::exchange& client, client_watch& watch, lease& held, const sent_request& request,
            access_record& record)
        : worker_(worker),
          client_(client),
          watch_(watch),
          held_(held),
          upstream_(held.call()),
          head_(request.head),
          request_body_(request.body, request_bytes_, request.not_forwarded),
          options_(request.options),
          place_(request.place),
          strict_transport_security_(request.strict_transport_security),
          conversation_(request.conversation),
          record_(record),
          breaking_(watch, [this] { upstream_.abort(); }),
          pump_(worker.loop)
    {
    }

    task<outcome> run()
    {
        upstream_.use(options_);
        if (conversation_) upstream_.expect_pauses();
        outcome result;
        if (request_body_.complete()) {
            note_sent(co_await upstream_.send(head_, request_body_));
            result = co_await receive();
        } else {
            pump_.spawn("request", send_request());
            co_await pump_.alongside(receive_beside_pump(result));
        }
        if (result.what != fault::none) upstream_.abort();
        result.response_begun = upstream_.response_begun();
        result.unprocessed = upstream_.unprocessed() && request_bytes_ == 0;
        co_return result;
    }

private:
    task<void> receive_beside_pump(outcome& result)
    {
        result = co_await receive();
        // An answer that is complete while the request is not: the rest of the request has no reader any more.
        if (pump_.size() > 0) upstream_.abort();
    }

    task<void> send_request() { note_sent(co_await upstream_.send(head_, request_body_)); }

    void note_sent(const result<void>& sent)
    {
        if (sent) place_ = upload_slots::place();
        if (sent) return;
        // A body that broke must not look complete upstream, and one who doesn't read will not answer. Only a
        // connection that the upstream has closed may still hold an early answer.
        unread_ = sent.error() == net::errc::timed_out;
        bool closed =
            sent.error() == boost::system::errc::connection_reset || sent.error() == boost::system::errc::broken_pipe;
        if (!closed) upstream_.abort();
    }

    task<outcome> receive()
    {
        for (;;) {
            auto received = co_await upstream_.receive_head();
            if (!received) co_return failed(received.error());
            auto& head = **received;
            if (head.status == 101) co_return co_await tunnel(std::move(head));
            response_names_ = nominated(head.fields);
            strip_response(head, response_names_, false);
            if (head.status / 100 != 1) {
                constexpr std::string_view strict = "Strict-Transport-Security";
                if (!strict_transport_security_.empty() && head.fields.find(strict) == nullptr)
                    head.fields.add(strict, strict_transport_security_);
                co_return co_await respond(head);
            }
            if (!co_await client_.inform(head)) co_return outcome{fault::client_gone, {}};
        }
    }

    task<outcome> respond(const http::response_head& head)
    {
        record_.status = head.status;
        const auto* type = head.fields.find("Content-Type");
        if (type != nullptr && has_pauses(type->value)) upstream_.expect_pauses();
        observed_body body(upstream_.response_body(), record_.sent_bytes, response_names_, &watch_);
        auto waits = client_.connection().write_waits();
        auto sent = co_await client_.respond(head, body);
        watch_.stop();
        if (body.ended_early()) record_.reason = verdict_of(fault::deadline).reason;
        if (record_.sent_bytes >= large_body_bytes) upstream_.note_reader(client_.connection().write_waits() == waits);
        if (sent) co_return outcome{};
        if (sent.error() == http::errc::missing_upgrade) co_return outcome{fault::bad_response, sent.error()};
        if (watch_.over() != fault::none) co_return outcome{watch_.over(), {}};
        if (body.broken()) co_return outcome{fault::response_cut, body.broken()};
        co_return outcome{fault::client_gone, sent.error()};
    }

    task<outcome> tunnel(http::response_head head)
    {
        watch_.stop();
        strip_response(head, nominated(head.fields), true);
        record_.status = 101;
        auto open = std::make_unique<open_tunnel>(worker_, upstream_.take_tunnel(), held_.take_count(),
                                                  options_.tunnel_idle_timeout);
        open->remember(record_);
        auto keeper = [open = std::move(open)](http::tunnel_end client) { return open->run(std::move(client)); };
        auto accepted = co_await client_.accept_tunnel(head, std::move(keeper));
        if (!accepted) co_return outcome{fault::client_gone, accepted.error()};
        record_.goes_on = true;
        co_return outcome{};
    }

    outcome failed(error_code why) const
    {
        if (watch_.over() != fault::none) return {watch_.over(), why};
        if (auto broken = request_body_.broken()) {
            return {fault_of_body(broken), broken};
        }
        if (why == net::errc::timed_out || unread_)
            return {upstream_.response_begun() ? fault::response_cut : fault::no_answer, why};
        if (!upstream_.response_begun() && !http::is_malformed(why)) {
            // In TLS 1.3 who demands a certificate of ours says so after we took the handshake for done (RFC 8446
            // §4.4.2).
            bool refused = why == tls::errc::protocol_error && !held_.pooled();
            return {refused ? fault::upstream_tls : fault::upstream_closed, why};
        }
        return {http::is_malformed(why) ? fault::bad_response : fault::response_cut, why};
    }

    worker_state& worker_;
    http::exchange& client_;
    client_watch& watch_;
    lease& held_;
    http::upstream_call& upstream_;
    const http::request_head& head_;
    std::uint64_t request_bytes_ = 0;
    observed_body request_body_;
    const model::http_options& options_;
    upload_slots::place& place_;
    std::string_view strict_transport_security_;
    bool conversation_;
    access_record& record_;
    bool unread_ = false;         ///< the upstream stopped reading the request
    field_names response_names_;  ///< that Connection named
    client_watch::breaking breaking_;
    net::task_group pump_;  // last: its task uses every member above
};

}  // namespace

task<outcome> relay(worker_state& worker, http::exchange& client, client_watch& watch, lease& held,
                    const sent_request& request, access_record& record)
{
    attempt one(worker, client, watch, held, request, record);
    co_return co_await one.run();
}

}  // namespace lintel::proxy
