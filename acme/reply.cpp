#include "acme/reply.hpp"

#include "acme/resources.hpp"
#include "acme/timestamp.hpp"
#include "base/text.hpp"
#include "http/date.hpp"

namespace lintel::acme {

namespace {

/// True when a link's parameters have the relation: rel="a b" or rel=a.
bool has_relation(std::string_view parameters, std::string_view wanted)
{
    for (auto each : text::split(parameters, ';')) {
        auto equals = each.find('=');
        if (equals == std::string_view::npos || !text::equal_caseless(text::trim(each.substr(0, equals)), "rel"))
            continue;
        auto value = text::trim(each.substr(equals + 1));
        if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
            value = value.substr(1, value.size() - 2);
        for (auto relation : text::split(value, ' ')) {
            if (text::equal_caseless(relation, wanted)) return true;
        }
    }
    return false;
}

/// The parameters up to the comma that ends the link; commas in quotes don't.
std::string_view parameters_of(std::string_view rest)
{
    bool quoted = false;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '"') quoted = !quoted;
        if (rest[i] == ',' && !quoted) return rest.substr(0, i);
    }
    return rest;
}

}  // namespace

std::string absolute_url(std::string_view target, std::string_view base)
{
    if (target.contains("://")) return std::string(target);
    auto authority = base.find("://");
    if (!target.starts_with('/') || target.starts_with("//") || authority == std::string_view::npos) return {};
    return std::string(base.substr(0, base.find_first_of("/?#", authority + 3))) + std::string(target);
}

std::string_view reply::field(std::string_view name) const
{
    for (const auto& [known, value] : from_.fields) {
        if (known == name) return value;
    }
    return {};
}

std::vector<std::string> reply::links(std::string_view relation) const
{
    std::vector<std::string> found;
    for (const auto& [name, value] : from_.fields) {
        if (name != "link") continue;
        std::string_view left = value;
        for (auto open = left.find('<'); open != std::string_view::npos; open = left.find('<')) {
            auto close = left.find('>', open);
            if (close == std::string_view::npos) break;
            auto target = left.substr(open + 1, close - open - 1);
            auto parameters = parameters_of(left.substr(close + 1));
            if (has_relation(parameters, relation)) found.push_back(absolute_url(target, url_));
            left.remove_prefix(close + 1 + parameters.size());
        }
    }
    return found;
}

std::string reply::location() const
{
    auto value = field("location");
    return value.empty() ? std::string() : absolute_url(value, url_);
}

std::optional<duration> reply::retry_after() const
{
    auto value = field("retry-after");
    if (value.empty()) return {};
    // Against the CA's own clock where it shows it: ours may be wrong.
    auto sent = http::parse_date(field("date"));
    return parse_retry_after(value, sent ? *sent : wall_clock::now());
}

failure reply::as_failure() const
{
    auto what = read_problem(from_.body);
    if (!what) {
        auto words = text::printable(from_.body);
        return malformed("the CA answered " + std::to_string(from_.status) + " without a problem document" +
                         (words.empty() ? "" : ": " + words));
    }
    what->status = from_.status;
    what->retry_after = retry_after();
    return *what;
}

failure reply::malformed(std::string what) const
{
    auto where = url_.substr(0, url_.find_first_of("?#"));
    return {failure::kind::malformed, from_.status, "", std::move(what) + " (" + where + ')', retry_after()};
}

}  // namespace lintel::acme
