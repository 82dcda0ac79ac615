// A CA's refusals (RFC 7807 as RFC 8555 §6.7 uses it), of acme/resources.hpp.

#include "acme/resources.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace lintel::acme {

namespace {

using nlohmann::json;

constexpr std::string_view acme_errors = "urn:ietf:params:acme:error:";
constexpr std::size_t longest_detail = 8192;  // 100 names with a sentence each
constexpr std::size_t most_subproblems = 200;

/// The CA's words; empty where there are none. Control characters would reach a terminal.
std::string words(const json& object, const char* key)
{
    auto found = object.is_object() ? object.find(key) : object.end();
    if (!object.is_object() || found == object.end() || !found->is_string()) return {};
    auto text = found->get<std::string>();
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
    return text;
}

std::string type_of(const json& problem)
{
    auto type = words(problem, "type");
    return type.starts_with(acme_errors) ? type.substr(acme_errors.size()) : type;
}

/// "a.example: its detail", or its type where it has no words.
std::string subproblem_text(const json& problem)
{
    auto detail = words(problem, "detail");
    if (detail.empty()) detail = type_of(problem);
    auto identifier = problem.is_object() ? problem.find("identifier") : problem.end();
    bool named = problem.is_object() && identifier != problem.end();
    auto name = named ? words(*identifier, "value") : std::string();
    return name.empty() ? detail : name + ": " + detail;
}

/// At a whole character of UTF-8.
void cut(std::string& text)
{
    if (text.size() <= longest_detail) return;
    auto end = longest_detail;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    text += "…";
}

}  // namespace

std::optional<failure> read_problem(std::string_view text) { return read_problem(json::parse(text, nullptr, false)); }

std::optional<failure> read_problem(const json& problem)
{
    if (!problem.is_object()) return {};
    failure found{failure::kind::refused, 0, type_of(problem), words(problem, "detail"), {}};
    if (found.detail.empty()) found.detail = words(problem, "title");
    auto parts = problem.find("subproblems");
    if (found.type.empty() && found.detail.empty()) return {};
    if (parts != problem.end() && parts->is_array()) {
        auto count = std::min(parts->size(), most_subproblems);
        for (std::size_t i = 0; i < count; ++i) {
            auto part = subproblem_text((*parts)[i]);
            if (!found.detail.empty() && !part.empty()) found.detail += "; ";
            found.detail += part;
        }
    }
    cut(found.detail);
    return found;
}

}  // namespace lintel::acme
