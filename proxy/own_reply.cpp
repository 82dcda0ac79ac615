#include "proxy/own_reply.hpp"

#include "base/text.hpp"
#include "http/error_page.hpp"
#include "http/h1_writer.hpp"

namespace lintel::proxy {

namespace {

std::string_view without_port(std::string_view authority)
{
    auto colon = authority.rfind(':');
    bool has_port = colon != authority.npos && authority.find(']', colon) == authority.npos;
    return has_port ? authority.substr(0, colon) : authority;
}

}  // namespace

task<void> reply_with(http::exchange& to, verdict what, std::string_view detail, access_record& record)
{
    record.status = what.status;
    record.reason = what.reason;
    auto sentence = std::string(what.sentence);
    if (!detail.empty()) {
        if (sentence.ends_with('.')) sentence.back() = ':';
        (sentence += ' ') += detail;
        if (!sentence.ends_with('.')) sentence += '.';
    }
    bool lasts = what.reason == "closed";
    http::response_head head;
    if (what.status == 405) head.fields.add("Allow", http::allowed_methods);
    bool client_erred = what.status == 400 || what.status == 408 || what.status == 413 || what.status == 431;
    if (client_erred) head.fields.add("Connection", "close");
    co_await http::reply_with_notice(to, {what.status, what.reason, sentence, what.advice, lasts}, std::move(head));
}

task<void> redirect_to_https(http::exchange& to, std::uint16_t port, access_record& record)
{
    const auto& request = to.request();
    auto location = "https://" + std::string(without_port(request.authority));
    if (port != 443) location += ':' + std::to_string(port);
    location += request.path;
    location += request.query;
    record.status = 308;
    record.reason = "redirect-to-https";
    http::response_head head;
    head.status = record.status;
    head.fields.add("Location", location);
    head.fields.add("Lintel-Reason", record.reason);
    co_await http::reply(to, std::move(head), "");
}

task<void> redirect_to_host(http::exchange& to, const route& matched, std::uint16_t port, access_record& record)
{
    const auto& request = to.request();
    auto location = "https://" + matched.canonical_host;
    if (port != 443) location += ':' + std::to_string(port);
    location += request.path;
    location += request.query;
    record.status = 308;
    record.reason = "canonical-host";
    http::response_head head;
    head.status = record.status;
    head.fields.add("Location", location);
    head.fields.add("Lintel-Reason", record.reason);
    bool strict = to.connection().secured().encrypted && !matched.strict_transport_security.empty();
    if (strict) head.fields.add("Strict-Transport-Security", matched.strict_transport_security);
    co_await http::reply(to, std::move(head), "");
}

task<void> answer_last_hop(http::exchange& to, access_record& record)
{
    const auto& request = to.request();
    record.status = 200;
    record.reason = "max-forwards";
    http::response_head head;
    head.status = record.status;
    head.fields.add("Lintel-Reason", record.reason);
    head.fields.add("Cache-Control", "no-store");
    head.fields.add("X-Content-Type-Options", "nosniff");
    std::string body;
    if (request.is("TRACE")) {
        http::request_head shown;
        shown.method = request.method;
        shown.path = request.path;
        shown.query = request.query;
        shown.authority = request.authority;
        for (const auto& each : request.fields) {
            bool secret = text::equal_caseless(each.name, "Authorization") || text::equal_caseless(each.name, "Cookie");
            if (!secret && each.id != http::field_id::proxy_authorization) shown.fields.add(each);
        }
        http::write_request_head(body, shown, {}, "");
        head.fields.add("Content-Type", "message/http");
    } else {
        head.fields.add("Allow", http::allowed_methods);
    }
    co_await http::reply(to, std::move(head), body);
}

}  // namespace lintel::proxy
