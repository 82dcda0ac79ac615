#include "app/admin_call.hpp"

#include "app/state_folder.hpp"
#include "net/worker.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace lintel::app {

namespace {

constexpr duration patience = std::chrono::minutes(2);  // a CA may be asked on the way

using answer = std::expected<http::fetch_response, http::fetch_failure>;

task<void> fetch_into(net::worker& home, http::fetch_request request, answer& into)
{
    http::fetcher fetcher(home);
    into = co_await fetcher.fetch(std::move(request));
}

}  // namespace

std::optional<http::fetch_response> call_admin(const std::string& state, const std::string& path,
                                               const std::string& method, std::string body)
{
    auto socket = admin_socket(state).string();
    http::fetch_request request;
    request.method = method;
    request.url = "http://lintel" + path;
    request.unix_socket = socket;
    request.body = std::move(body);
    request.timeout = patience;
    net::worker home;
    answer got = std::unexpected(http::fetch_failure{});
    home.complete(fetch_into(home, std::move(request), got));
    if (got) return std::move(*got);
    std::cerr << "lintel: no answer on " << socket << ": " << got.error().why
              << "\nIs `lintel run` running with this state folder? Name it with --state.\n";
    return std::nullopt;
}

std::string detail_of(const std::string& problem_document)
{
    auto body = nlohmann::json::parse(problem_document, nullptr, false);
    bool has_one = body.is_object() && body.contains("detail") && body["detail"].is_string();
    return has_one ? body["detail"].get<std::string>() : problem_document;
}

}  // namespace lintel::app
