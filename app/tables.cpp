#include "app/tables.hpp"

#include <nlohmann/json.hpp>

#include <vector>

namespace lintel::app {

using json = nlohmann::json;

namespace {

using row = std::vector<std::string>;

/// Columns as wide as their widest cell; the last one runs free.
std::string lay_out(const std::vector<row>& rows)
{
    std::vector<std::size_t> widths;
    for (const auto& each : rows) {
        widths.resize(std::max(widths.size(), each.size()));
        for (std::size_t i = 0; i < each.size(); ++i) widths[i] = std::max(widths[i], each[i].size());
    }
    std::string text;
    for (const auto& each : rows) {
        for (std::size_t i = 0; i < each.size(); ++i) {
            text += each[i];
            if (i + 1 < each.size()) text += std::string(widths[i] - each[i].size() + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string joined(const json& list)
{
    std::string text;
    for (const auto& each : list) text += (text.empty() ? "" : ",") + each.get<std::string>();
    return text;
}

std::string routes(const json& body)
{
    std::vector<row> rows{{"STATE", "RULE", "ENTRYPOINTS", "ENDPOINTS", "SOURCE"}};
    for (const auto& each : body.at("routes")) {
        std::string endpoints;
        for (const auto& one : each.at("endpoints")) {
            endpoints += (endpoints.empty() ? "" : ", ") + one.at("address").get<std::string>();
            if (one.at("state") != "ready") endpoints += " (" + one.at("state").get<std::string>() + ")";
        }
        auto what = each.value("why", endpoints);
        rows.push_back({each.at("state"), each.at("rule"), joined(each.at("entrypoints")), what.empty() ? "-" : what,
                        each.at("source")});
    }
    return rows.size() == 1 ? "No routes. `lintel problems` says what was ignored and why.\n" : lay_out(rows);
}

std::string problems(const json& body)
{
    std::string text;
    for (const auto& each : body.at("problems")) {
        text += each.at("where").get<std::string>() + ": " + each.at("what").get<std::string>() + "\n";
    }
    return text.empty() ? "No problems.\n" : text;
}

std::string status(const json& body)
{
    std::vector<row> rows{{"version", body.at("version")},
                          {"uptime", std::to_string(body.at("uptime_seconds").get<long>()) + " s"}};
    for (const auto& [role, facts] : body.at("roles").items()) rows.push_back({role, "pid " + facts.at("pid").dump()});
    const auto& edge = body.at("edge");
    auto versions = "version " + edge.at("applied").dump() + " of " + edge.at("version").dump() + " in force";
    rows.push_back({"snapshot", edge.at("connected").get<bool>() ? versions : "the edge is not connected"});
    for (const auto& each : body.at("entrypoints")) {
        auto tls = each.at("tls").get<bool>() ? " (TLS)" : "";
        rows.push_back(
            {"entrypoint " + each.at("name").get<std::string>(), each.at("address").get<std::string>() + tls});
    }
    for (const auto& each : body.at("providers"))
        rows.push_back({"source " + each.at("name").get<std::string>(), each.at("detail")});
    for (const auto& [what, count] : body.at("counts").items()) rows.push_back({what, count.dump()});
    for (const auto& [what, count] : body.at("stats").items()) rows.push_back({what, count.dump()});
    return lay_out(rows);
}

std::string health(const json& body)
{
    std::vector<row> rows;
    for (const auto& each : body.at("checks")) {
        rows.push_back({each.at("ok").get<bool>() ? "ok" : "FAILS", each.at("name"), each.at("detail")});
    }
    return lay_out(rows) + (body.at("healthy").get<bool>() ? "healthy\n" : "not healthy\n");
}

}  // namespace

std::string table_of(std::string_view path, const std::string& text)
{
    try {
        auto body = json::parse(text);
        if (path == "/status") return status(body);
        if (path == "/routes") return routes(body);
        if (path == "/problems") return problems(body);
        if (path == "/health") return health(body);
    } catch (const json::exception&) {
        // an older or newer Lintel answers there: its own words are better than none
    }
    return text;
}

}  // namespace lintel::app
