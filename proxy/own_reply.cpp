#include "proxy/own_reply.hpp"

#include "base/text.hpp"
#include "http/error_page.hpp"
#include "http/grpc.hpp"
#include "http/h1_writer.hpp"
#include "model/handshake_policies.hpp"

#include <algorithm>
#include <array>

namespace lintel::proxy {

namespace {

std::string_view without_port(std::string_view authority)
{
    auto colon = authority.rfind(':');
    bool has_port = colon != authority.npos && authority.find(']', colon) == authority.npos;
    return has_port ? authority.substr(0, colon) : authority;
}

/// What the certificate waits for that this host would be shown after a redirect; null: it is there.
const std::string* what_is_awaited(const route& matched, const std::string& host)
{
    if (matched.pending.empty()) return nullptr;
    auto known = matched.pending.find(host);
    if (known == matched.pending.end()) known = matched.pending.find(model::wildcard_over(host));
    return known == matched.pending.end() ? nullptr : &known->second;
}

/// 308 to `location` with the request's path and query; `record` knows the reason.
task<void> redirect(http::exchange& to, std::string location, std::uint16_t port, std::string_view strict_transport,
                    access_record& record)
{
    const auto& request = to.request();
    if (port != 443) location += ':' + std::to_string(port);
    if (request.path != "*") location += request.path;
    location += request.query;
    record.status = 308;
    http::response_head head;
    head.status = record.status;
    head.fields.add("Location", location);
    head.fields.add("Lintel-Reason", record.reason);
    if (!strict_transport.empty()) head.fields.add("Strict-Transport-Security", strict_transport);
    co_await http::reply(to, std::move(head), "");
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
    if (http::asks_by_grpc(to.request())) record.status = 200;  // the status that counts is gRPC's
    bool lasts = what.reason == "closed";
    int retry_after_seconds = what.reason == "tls-pending" ? 5 : 1;  // a CA takes its time
    http::response_head head;
    if (what.status == 405) head.fields.add("Allow", http::allowed_methods);
    constexpr std::array last_words{400, 408, 413, 421, 431};  // a client of 421 has to connect anew
    if (std::ranges::find(last_words, what.status) != last_words.end()) head.fields.add("Connection", "close");
    co_await http::reply_with_notice(to, {what.status, what.reason, sentence, what.advice, lasts, retry_after_seconds},
                                     std::move(head));
}

std::optional<task<void>> answer_itself(const route& matched, worker_state& worker, http::exchange& to,
                                        access_record& record)
{
    auto port = worker.settings.https_port;
    if (!matched.refusal.empty()) {
        worker.counters.add(counter::own_errors);
        return reply_with(to, verdict_of(fault::closed_route), matched.refusal, record);
    }
    if (matched.redirect_to_https) {
        if (const auto* why = what_is_awaited(matched, to.request().host)) {
            worker.counters.add(counter::own_errors);
            return reply_with(to, verdict_of(fault::tls_pending), *why, record);
        }
        record.reason = "redirect-to-https";
        return redirect(to, "https://" + std::string(without_port(to.request().authority)), port, "", record);
    }
    if (matched.canonical_host.empty()) return std::nullopt;
    record.reason = "canonical-host";
    std::string_view strict;
    if (to.connection().secured().encrypted) strict = matched.strict_transport_security;
    return redirect(to, "https://" + matched.canonical_host, port, strict, record);
}

task<void> answer_challenge(http::exchange& to, std::string key_authorization, access_record& record)
{
    record.status = 200;
    record.reason = "acme-challenge";
    auto length = std::to_string(key_authorization.size());
    http::response_head head;
    head.status = record.status;
    head.fields.add("Content-Type", "application/octet-stream");
    head.fields.add("Content-Length", length);  // counts for HEAD only, which has no framing to say it
    head.fields.add("Cache-Control", "no-store");
    head.fields.add("X-Content-Type-Options", "nosniff");
    head.fields.add("Lintel-Reason", record.reason);
    co_await http::reply(to, std::move(head), key_authorization);
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
