#include "app/tables.hpp"

#include <nlohmann/json.hpp>

#include <set>
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

std::string text_in(const json& object, const char* key, const char* none = "-")
{
    auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string(none);
}

const json* find_certificate(const json& body, const json& want)
{
    for (const auto& each : body.at("certificates")) {
        if (want.contains("certificate") && each.at("id") == want.at("certificate")) return &each;
    }
    return nullptr;
}

std::string certificates(const json& body)
{
    std::vector<row> rows{{"STATE", "NAMES", "ISSUER", "VALID UNTIL", "RENEWS AT", "WHY"}};
    for (const auto& each : body.at("wants")) {
        const auto* made = find_certificate(body, each);
        auto issuers = made != nullptr ? text_in(*made, "issuer") : joined(each.at("issuers"));
        auto until = made != nullptr ? text_in(*made, "not_after") : "-";
        auto renewed = made != nullptr ? text_in(*made, "renew_at") : "-";
        rows.push_back({each.at("state"), joined(each.at("names")), issuers, until, renewed, text_in(each, "why")});
    }
    std::set<std::string> wanted;
    for (const auto& each : body.at("wants")) wanted.insert(text_in(each, "certificate", ""));
    for (const auto& each : body.at("certificates")) {
        if (wanted.contains(each.at("id"))) continue;
        bool local = each.at("issuer") == "local";
        rows.push_back({local ? "local" : "unused", joined(each.at("names")), text_in(each, "issuer"),
                        text_in(each, "not_after"), "-", "-"});
    }
    return rows.size() == 1 ? "No certificates.\n" : lay_out(rows);
}

std::string certificate(const json& body)
{
    std::string text;
    for (const auto& each : body.at("certificates")) {
        std::vector<row> rows;
        for (const char* key : {"id", "issuer", "not_before", "not_after", "renew_at", "profile"}) {
            if (each.contains(key)) rows.push_back({key, text_in(each, key)});
        }
        rows.push_back({"names", joined(each.at("names"))});
        text += lay_out(rows) + text_in(each, "chain_pem", "") + "\n";
    }
    return text.empty() ? "There is no certificate for it. lintel cert explain says why.\n" : text;
}

/// What the states of wants mean to an owner.
std::string meaning_of(const std::string& state)
{
    if (state == "valid") return "its certificate is valid, and not due for renewal";
    if (state == "file") return "a routes file brings its certificate; nothing is ordered";
    if (state == "ordering") return "a certificate is being ordered";
    if (state == "due") return "its certificate is served, and due for renewal";
    if (state == "waiting") return "it has no certificate of a CA yet: the local CA's is served meanwhile";
    return "no CA is asked: the local CA's certificate is served";
}

std::string explanation(const json& body)
{
    std::string text;
    for (const auto& each : body.at("wants")) {
        std::vector<row> rows{{"names", joined(each.at("names"))}, {"issuers", joined(each.at("issuers"))}};
        rows.push_back({"state", text_in(each, "state") + ": " + meaning_of(text_in(each, "state"))});
        if (each.contains("why")) rows.push_back({"why", text_in(each, "why")});
        if (each.contains("next_try")) rows.push_back({"next try", text_in(each, "next_try")});
        if (const auto* made = find_certificate(body, each)) {
            rows.push_back({"certificate", text_in(*made, "id")});
            rows.push_back({"valid until", text_in(*made, "not_after")});
            rows.push_back({"renewed at", text_in(*made, "renew_at")});
        }
        text += lay_out(rows) + "\n";
    }
    return text.empty() ? "No route is served over TLS under this name, so no certificate is wanted for it.\n" : text;
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
        if (path == "/certificates") return certificates(body);
        if (path == "/certificates/show") return certificate(body);
        if (path == "/certificates/explain") return explanation(body);
    } catch (const json::exception&) {
        // an older or newer Lintel answers there: its own words are better than none
    }
    return text;
}

}  // namespace lintel::app
