#include "acme/caa.hpp"

#include "base/text.hpp"
#include "net/dns_query.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace lintel::acme {

namespace {

constexpr int most_aliases = 8;
constexpr unsigned critical = 128;  // RFC 8659 §4.1
constexpr auto known_tags = std::to_array<std::string_view>(
    {"issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"});

struct property {
    unsigned flags = 0;
    std::string tag, value;
    std::string text;  ///< as it came
};

property parse(const std::string& record)
{
    auto first = record.find(' '), second = record.find(' ', first + 1);
    property out{.flags = 0, .tag = "", .value = "", .text = text::printable(record)};
    if (first == record.npos) return out;
    out.flags = static_cast<unsigned>(text::parse_decimal(record.substr(0, first)).value_or(0));
    out.tag = text::lower(record.substr(first + 1, second == record.npos ? second : second - first - 1));
    if (second != record.npos) out.value = text::trim(std::string_view(record).substr(second + 1));
    if (out.value.size() >= 2 && out.value.front() == '"' && out.value.back() == '"')
        out.value = out.value.substr(1, out.value.size() - 2);
    return out;
}

/// The issuer's domain name in the value, without parameters (RFC 8659 §4.2); empty: nobody.
std::string_view issuer_of(const property& each)
{
    return text::trim(std::string_view(each.value).substr(0, each.value.find(';')));
}

bool names_one_of(const property& each, const std::vector<std::string>& names)
{
    return std::ranges::any_of(names, [&](const auto& name) { return text::equal_caseless(issuer_of(each), name); });
}

std::string refusal(const property& each, const std::string& owner, const std::string& advice)
{
    return "the record CAA " + each.text + " of " + owner + " forbids it: " + advice;
}

/// Those of the name, or of what it is an alias of (RFC 8659 §3). None: the name servers don't say.
task<std::optional<std::vector<std::string>>> records_at(net::worker& home, const caa_question& what, std::string name,
                                                         time_point end)
{
    for (int aliases = 0; aliases <= most_aliases; ++aliases) {
        auto left = end - steady_clock::now();
        if (left <= duration::zero()) co_return std::nullopt;
        auto reply = co_await net::query(home, what.resolvers, name, net::dns_type::caa, true, left);
        if (reply.what == net::dns_reply::kind::found) co_return reply.values;
        if (reply.what == net::dns_reply::kind::failed) co_return std::nullopt;
        if (reply.what != net::dns_reply::kind::absent) break;
        auto alias = co_await net::query(home, what.resolvers, name, net::dns_type::cname, true, left);
        if (alias.what != net::dns_reply::kind::found) break;
        name = alias.values.front();
    }
    co_return std::vector<std::string>{};
}

}  // namespace

task<std::string> forbidding_record(net::worker& home, caa_question what, duration limit)
{
    auto end = steady_clock::now() + limit;
    auto owner = what.name.starts_with("*.") ? what.name.substr(2) : what.name;
    while (!owner.empty()) {  // RFC 8659 §3: the nearest name that has any decides
        auto records = co_await records_at(home, what, owner, end);
        if (!records) co_return "";  // who knows what it holds; the CA will say
        if (!records->empty()) co_return forbidding_record(*records, owner, what);
        auto dot = owner.find('.');
        owner = dot == owner.npos ? "" : owner.substr(dot + 1);
    }
    co_return "";
}

std::string forbidding_record(const std::vector<std::string>& records, const std::string& owner,
                              const caa_question& what)
{
    std::vector<property> issue, issue_wild;
    for (const auto& each : records) {
        auto parsed = parse(each);
        bool known = std::ranges::find(known_tags, parsed.tag) != known_tags.end();
        if (!known && (parsed.flags & critical)) return refusal(parsed, owner, "CAs don't know its tag; remove it");
        if (parsed.tag == "issue")
            issue.push_back(std::move(parsed));
        else if (parsed.tag == "issuewild")
            issue_wild.push_back(std::move(parsed));
    }
    // RFC 8659 §4.3: for wildcards the others don't count where there is one of these.
    bool wild = what.name.starts_with("*.") && !issue_wild.empty();
    const auto& counting = wild ? issue_wild : issue;
    auto allows = [&](const property& each) { return names_one_of(each, what.ca_names); };
    if (counting.empty() || what.ca_names.empty() || std::ranges::any_of(counting, allows)) return "";
    auto tag = wild ? "issuewild" : "issue";
    return refusal(counting.front(), owner,
                   "add one with \"0 " + std::string(tag) + ' ' + what.ca_names.front() + "\", or remove it");
}

}  // namespace lintel::acme
