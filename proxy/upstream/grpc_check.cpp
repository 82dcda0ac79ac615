#include "proxy/upstream/grpc_check.hpp"

#include "http/h2_upstream.hpp"

namespace lintel::proxy {

namespace {

constexpr std::string_view whole_server("\0\0\0\0\0", 5);  ///< an empty HealthCheckRequest, not compressed
constexpr std::size_t most_bytes = 1024;                   ///< of an answer that needs seven

/// "0" in the trailers, where there is a body.
bool is_ok(const http::fields* trailers)
{
    const auto* status = trailers != nullptr ? trailers->find("grpc-status") : nullptr;
    return status != nullptr && status->value == "0";
}

}  // namespace

task<bool> says_serving(net::worker& home, std::unique_ptr<net::stream> connected, std::string authority,
                        duration limit)
{
    auto connection = std::make_shared<http::h2_upstream>(home, std::move(connected), http::upstream_limits{});
    auto call = connection->begin_call();
    model::http_options patience;
    patience.first_byte_timeout = patience.between_bytes_timeout = patience.write_timeout = limit;
    call->use(patience);
    http::request_head request;
    request.method = "POST";
    request.path = "/grpc.health.v1.Health/Check";
    request.authority = authority;
    request.fields.add("Content-Type", "application/grpc");
    request.fields.add("TE", "trailers");
    http::memory_body body(whole_server);
    if (!co_await call->send(request, body)) co_return false;
    auto head = co_await call->receive_head();
    if (!head || (*head)->status != 200) co_return false;
    std::string message;
    for (;;) {
        auto piece = co_await call->response_body().read();
        if (piece.what == http::body_piece::kind::reset) co_return false;
        if (piece.what == http::body_piece::kind::end) co_return is_ok(piece.trailers) && is_serving(message);
        if (message.size() + piece.bytes.size() > most_bytes) co_return false;
        message += piece.bytes;
    }
}

bool is_serving(std::string_view message)
{
    constexpr std::size_t prefix = 5;
    constexpr char status_field = 0x08, serving = 1;  // field 1 as a varint
    bool plain = message.size() >= prefix && message[0] == 0;
    auto content = message.substr(std::min(message.size(), prefix));
    return plain && content.size() == 2 && content[0] == status_field && content[1] == serving;
}

}  // namespace lintel::proxy
