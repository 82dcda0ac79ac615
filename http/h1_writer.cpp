#include "http/h1_writer.hpp"

#include "base/text.hpp"
#include "http/chunked.hpp"
#include "http/error.hpp"
#include "http/field_rules.hpp"

#include <charconv>

namespace lintel::http {

namespace {

void add_field(std::string& out, std::string_view name, std::string_view value)
{
    auto before = out.size(), after = before + name.size() + value.size() + 4;
    // libstdc++ 12 says the capacity where it should say `after`.
    out.resize_and_overwrite(after, [&](char* text, std::size_t) {
        auto* next = std::copy(name.begin(), name.end(), text + before);
        *next++ = ':';
        *next++ = ' ';
        next = std::copy(value.begin(), value.end(), next);
        *next++ = '\r';
        *next = '\n';
        return after;
    });
}

void add_length(std::string& out, std::uint64_t length)
{
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, length).ptr;
    add_field(out, "Content-Length", {digits, static_cast<std::size_t>(end - digits)});
}

void add_framing(std::string& out, framing body)
{
    if (body.what == framing::kind::length) add_length(out, body.length);
    if (body.what == framing::kind::chunked) add_field(out, "Transfer-Encoding", "chunked");
}

std::string trailer_lines(const fields* trailers)
{
    std::string out;
    if (trailers == nullptr) return out;
    for (const auto& each : *trailers) {
        if (may_trail(each)) add_field(out, each.name, each.value);
    }
    return out;
}

class message_writer {
public:
    message_writer(net::stream& to, std::string_view head, framing how) : to_(to), head_(head), how_(how) {}

    bool chunked() const { return how_.what == framing::kind::chunked; }

    now_or_later<result<void>> flush_head() { return to_.write_all(std::exchange(head_, {})); }

    now_or_later<result<void>> write(std::string_view bytes)
    {
        auto head = std::exchange(head_, {});
        if (!chunked()) {
            std::array<std::string_view, 2> pieces{head, bytes};
            return to_.write_all(pieces);
        }
        std::array<std::string_view, 4> pieces{head, size_.emplace(bytes.size()).view(), bytes, "\r\n"};
        return to_.write_all(pieces);
    }

    now_or_later<result<void>> finish(const fields* trailers)
    {
        if (!chunked()) return flush_head();
        trailer_lines_ = trailer_lines(trailers);
        std::array<std::string_view, 4> pieces{std::exchange(head_, {}), "0\r\n", trailer_lines_, "\r\n"};
        return to_.write_all(pieces);
    }

private:
    net::stream& to_;
    std::string_view head_;
    framing how_;
    std::optional<chunk_head> size_;  ///< of the chunk under way
    std::string trailer_lines_;
};

/// `piece`: the first one, where it is known.
task<result<void>> write_in_pieces(message_writer writer, body_source& body, std::optional<body_piece> piece)
{
    for (;; piece = body.ready()) {
        if (!piece) {
            if (auto sent = co_await writer.flush_head(); !sent) co_return sent;
            piece = co_await body.read();
        }
        if (piece->what == body_piece::kind::reset) co_return errc::upstream_failed;
        if (piece->what == body_piece::kind::end) co_return co_await writer.finish(piece->trailers);
        if (auto sent = co_await writer.write(piece->bytes); !sent) co_return sent;
    }
}

task<result<void>> take_end_after(now_or_later<result<void>> writing, body_source& body)
{
    auto written = co_await writing;
    co_return written ? take_end(body) : written;
}

}  // namespace

void write_request_head(std::string& out, const request_head& head, framing body, std::string_view connection)
{
    out += head.method;
    out += ' ';
    out += head.path;
    out += head.query;
    out += " HTTP/1.1\r\n";
    add_field(out, "Host", head.authority);
    for (const auto& each : head.fields) {
        if (!is_connections_own(each.id) && each.id != field_id::host) add_field(out, each.name, each.value);
    }
    if (!connection.empty()) add_field(out, "Connection", connection);
    add_framing(out, body);
    out += "\r\n";
}

void write_response_head(std::string& out, const response_head& head, framing body, std::string_view connection)
{
    char code[3] = {static_cast<char>('0' + head.status / 100), static_cast<char>('0' + head.status / 10 % 10),
                    static_cast<char>('0' + head.status % 10)};
    out += "HTTP/1.1 ";
    out.append(code, sizeof code);
    out += ' ';
    out += reason_phrase(head.status);
    out += "\r\n";
    bool may_say_length =
        body.what == framing::kind::none && head.status >= 200 && head.status != 204;  // RFC 9110 §8.6
    for (const auto& each : head.fields) {
        bool describes_absent_body = each.id == field_id::content_length && may_say_length;
        if (!is_connections_own(each.id) || describes_absent_body) add_field(out, each.name, each.value);
    }
    if (!connection.empty()) add_field(out, "Connection", connection);
    add_framing(out, body);
    out += "\r\n";
}

now_or_later<result<void>> write_message(net::stream& to, std::string_view head, body_source& body, framing how)
{
    message_writer writer(to, head, how);
    auto first = body.ready();
    bool whole = first && first->last && how.what == framing::kind::length;
    bool none = first && !writer.chunked() && first->what == body_piece::kind::end;
    if (none) return writer.flush_head();
    if (!whole) return write_in_pieces(std::move(writer), body, first);
    auto writing = writer.write(first->bytes);
    const auto* written = writing.known();
    if (written == nullptr) return take_end_after(std::move(writing), body);
    return *written ? take_end(body) : *written;
}

}  // namespace lintel::http
