#include "admin/server.hpp"

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

answer_text answer_to(const http::request_head& request, const facts& known)
{
    if (!request.is("GET") && !request.is("HEAD")) return problem_document(405, "this API is read-only: use GET");
    if (request.path == "/status") return {200, status_json(known)};
    if (request.path == "/routes") return {200, routes_json(known)};
    if (request.path == "/problems") return {200, problems_json(known)};
    if (request.path == "/health") {
        auto [good, json] = health_json(known);
        return {good ? 200 : 503, std::move(json)};
    }
    return problem_document(404, "known are /status, /routes, /problems and /health");
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
    auto [status, json] = answer_to(exchange.request(), known_);
    http::response_head head;
    head.status = status;
    head.fields.add("Content-Type", json.starts_with("{\"title\"") ? "application/problem+json" : "application/json");
    co_await http::reply(exchange, std::move(head), json);
}

}  // namespace lintel::admin
