#include "http/error_page.hpp"

#include "http/grpc.hpp"

namespace lintel::http {

namespace {

constexpr std::string_view style =
    ":root{color-scheme:light dark}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.5 system-ui,sans-serif;"
    "background:#f6f7f9;color:#1d2330}"
    "main{max-width:34rem;padding:2rem}"
    "h1{margin:0 0 1rem;font-size:1.75rem;line-height:1.2}"
    "h2{margin:1.5rem 0 .25rem;font-size:1rem}"
    "p{margin:0}"
    "footer{margin-top:2rem;font-size:.875rem;color:#596273}"
    "@media(prefers-color-scheme:dark){body{background:#14171d;color:#e7eaf0}footer{color:#9aa4b5}}";

std::string html_text(std::string_view text)
{
    std::string out;
    for (char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

/// A string of RFC 8259 §7, quotes included.
std::string json_string(std::string_view text)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (char c : text) {
        auto code = static_cast<unsigned char>(c);
        if (code < 0x20) {
            out += "\\u00";
            out += digits[code / 16];
            out += digits[code % 16];
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string title_of(const notice& what)
{
    return std::to_string(what.status) + ' ' + std::string(reason_phrase(what.status));
}

std::string html_page(const notice& what)
{
    auto title = html_text(title_of(what));
    std::string out =
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<title>";
    (out += title) += "</title>\n<style>";
    (out += style) += "</style>\n</head>\n<body>\n<main>\n<h1>";
    (out += title) += "</h1>\n<p>";
    (out += html_text(what.sentence)) += "</p>\n";
    if (!what.advice.empty()) {
        out += "<h2>What the owner can do</h2>\n<p>";
        (out += html_text(what.advice)) += "</p>\n";
    }
    out += "<footer>Answered by Lintel. Reason: <code>";
    return (out += html_text(what.reason)) += "</code></footer>\n</main>\n</body>\n</html>\n";
}

/// RFC 9457 §3. The type is the status' own meaning; reason and advice are extensions.
std::string problem_details(const notice& what)
{
    std::string out = R"({"type":"about:blank","title":)";
    (out += json_string(reason_phrase(what.status))) += ",\"status\":";
    (out += std::to_string(what.status)) += ",\"detail\":";
    (out += json_string(what.sentence)) += ",\"reason\":";
    (out += json_string(what.reason)) += ",\"advice\":";
    return (out += json_string(what.advice)) += "}\n";
}

std::string plain_line(const notice& what)
{
    std::string out(what.sentence);
    out += " Lintel answered " + title_of(what) + " (";
    (out += what.reason) += ").";
    if (!what.advice.empty()) (out += ' ') += what.advice;
    return out += '\n';
}

/// gRPC's "trailers-only": the status is a field of an answer that has no body, on 200 (its clients look at nothing
/// else).
task<result<void>> reply_in_trailers(exchange& to, notice what, response_head head)
{
    auto status = std::to_string(static_cast<int>(grpc_status_of(what.status, what.reason)));
    auto message = grpc_message(what.sentence);
    head.status = 200;
    head.fields.add("Content-Type", "application/grpc");
    head.fields.add("grpc-status", status);
    head.fields.add("grpc-message", message);
    head.fields.add("Lintel-Reason", what.reason);
    co_return co_await reply(to, std::move(head), "");
}

}  // namespace

page make_page(const notice& what, form as)
{
    switch (as) {
        case form::html: return {"text/html; charset=utf-8", html_page(what)};
        case form::json: return {"application/problem+json", problem_details(what)};
        case form::plain: break;
    }
    return {"text/plain; charset=utf-8", plain_line(what)};
}

task<result<void>> reply_with_notice(exchange& to, notice what, response_head head)
{
    if (asks_by_grpc(to.request())) co_return co_await reply_in_trailers(to, what, std::move(head));
    auto made = make_page(what, preferred_form(to.request().fields));
    auto length = std::to_string(made.body.size());
    head.status = what.status;
    head.fields.add("Content-Type", made.content_type);
    head.fields.add("Content-Length", length);  // counts for HEAD only, which has no framing to say it
    head.fields.add("Cache-Control", "no-store");
    head.fields.add("Vary", "Accept");
    head.fields.add("X-Content-Type-Options", "nosniff");
    head.fields.add("Lintel-Reason", what.reason);
    bool passes = (what.status == 503 || what.status == 429) && !what.lasts;
    auto retry_after = std::to_string(what.retry_after_seconds);
    if (passes) head.fields.add("Retry-After", retry_after);
    co_return co_await reply(to, std::move(head), made.body);
}

}  // namespace lintel::http
