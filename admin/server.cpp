#include "admin/server.hpp"

#include "admin/certificate_calls.hpp"
#include "admin/certificate_views.hpp"
#include "admin/views.hpp"
#include "base/json_text.hpp"

namespace lintel::admin {

namespace {

struct answer_text {
    int status;
    std::string json;
};

answer_text problem_document(int status, std::string_view detail)
{
    auto title = http::reason_phrase(status);
    return {status, "{\"title\":" + json_text::quoted(title) + ",\"status\":" + std::to_string(status) +
                        ",\"detail\":" + json_text::quoted(detail) + "}\n"};
}

constexpr std::size_t body_limit_bytes = 64U << 10;

answer_text tell(const http::request_head& request, const facts& known)
{
    const auto& path = request.path;
    if (path == "/status") return {200, status_json(known)};
    if (path == "/routes") return {200, routes_json(known)};
    if (path == "/problems") return {200, problems_json(known)};
    if (path == "/certificates") return {200, certificates_json(known.certificates)};
    constexpr std::string_view one = "/certificates/";
    if (path.starts_with(one)) return {200, certificate_json(known.certificates, std::string(path.substr(one.size())))};
    if (path == "/health") {
        auto [good, json] = health_json(known);
        return {good ? 200 : 503, std::move(json)};
    }
    return problem_document(404, "known are /status, /routes, /problems, /certificates and /health");
}

/// None where it is too long, or cut short.
task<std::optional<std::string>> read_all(http::body_source& body)
{
    std::string all;
    for (;;) {
        auto piece = co_await body.read();
        if (piece.what == http::body_piece::kind::reset) co_return std::nullopt;
        if (piece.what == http::body_piece::kind::end) co_return all;
        if (all.size() + piece.bytes.size() > body_limit_bytes) co_return std::nullopt;
        all += piece.bytes;
    }
}

task<answer_text> act(http::exchange& exchange, const facts& known)
{
    std::string path(exchange.request().path);
    auto body = co_await read_all(exchange.body());
    if (!body) co_return problem_document(413, "the body is longer than 64 KiB, or cut short");
    auto done = co_await call_certificates(known.certificates, std::move(path), std::move(*body));
    if (!done.why.empty()) co_return problem_document(done.status, done.why);
    co_return answer_text{done.status, std::move(done.json)};
}

task<answer_text> answer_to(http::exchange& exchange, const facts& known)
{
    const auto& request = exchange.request();
    if (request.is("GET") || request.is("HEAD")) co_return tell(request, known);
    bool can_be_told = request.path.starts_with("/certificates/") || request.path.starts_with("/accounts/");
    if (request.is("POST") && can_be_told) co_return co_await act(exchange, known);
    co_return problem_document(405, "this can only be read: use GET");
}

}  // namespace

server::server(net::worker& home, int socket, facts known)
    : home_(home), known_(known), listener_(home, socket), connections_(home)
{
}

task<void> server::run()
{
    while (auto client = co_await listener_.accept()) connections_.spawn("admin", serve(std::move(client)));
}

task<void> server::serve(std::unique_ptr<net::stream> client)
{
    http::h1_connection connection(home_, std::move(client), limits_, book_);
    http::handler handler = [this](http::exchange& exchange) { return answer(exchange); };
    co_await connection.serve(handler);
}

task<void> server::answer(http::exchange& exchange)
{
    auto [status, json] = co_await answer_to(exchange, known_);
    http::response_head head;
    head.status = status;
    head.fields.add("Content-Type", json.starts_with("{\"title\"") ? "application/problem+json" : "application/json");
    co_await http::reply(exchange, std::move(head), json);
}

}  // namespace lintel::admin
