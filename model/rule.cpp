#include "model/rule.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace lintel::model {

namespace {

std::string_view name_of(rule::kind what)
{
    switch (what) {
        case rule::kind::host: return "Host";
        case rule::kind::path: return "Path";
        case rule::kind::path_prefix: return "PathPrefix";
        default: return "";
    }
}

void print_into(std::string& out, const rule& node, bool inside_all_of)
{
    if (node.what != rule::kind::all_of && node.what != rule::kind::any_of) {
        char quote = node.value.find('`') == std::string::npos ? '`' : '"';
        out += name_of(node.what);
        out += '(';
        out += quote + node.value + quote;
        out += ')';
        return;
    }
    bool all = node.what == rule::kind::all_of;
    bool grouped = inside_all_of;
    if (grouped) out += '(';
    for (const auto& part : node.parts) {
        if (&part != node.parts.data()) out += all ? " && " : " || ";
        print_into(out, part, all || part.what == node.what);
    }
    if (grouped) out += ')';
}

void collect_hosts(const rule& node, std::vector<std::string>& hosts)
{
    if (node.what == rule::kind::host && std::ranges::find(hosts, node.value) == hosts.end()) {
        hosts.push_back(node.value);
    }
    for (const auto& part : node.parts) collect_hosts(part, hosts);
}

bool is_ipv6_literal(std::string_view host)
{
    if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
    return std::ranges::all_of(host.substr(1, host.size() - 2), [](char c) {
        return text::is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
    });
}

}  // namespace

std::string print(const rule& tree)
{
    std::string out;
    print_into(out, tree, false);
    return out;
}

std::optional<std::string> canonical_host(std::string_view host)
{
    auto text = text::lower(host);
    bool bracketed = text.starts_with('[');
    auto colon = text.find(':', bracketed ? text.find(']') : 0);
    if (colon != std::string::npos) {
        auto port = std::string_view(text).substr(colon + 1);
        if (port.size() > 5 || (!port.empty() && text::parse_decimal(port).value_or(UINT64_MAX) > UINT16_MAX))
            return {};
        text.resize(colon);
    }
    if (bracketed) return is_ipv6_literal(text) ? std::optional(text) : std::nullopt;
    if (text.ends_with('.')) text.pop_back();
    if (text.empty() || text.size() > 253) return {};
    std::size_t label = 0;  // bytes of the present one
    for (char c : text) {
        bool ends = c == '.';
        if (ends ? label == 0 : !(text::is_alnum(c) || c == '-' || c == '_')) return {};
        label = ends ? 0 : label + 1;
        if (label > 63) return {};
    }
    if (label == 0) return {};
    return text;
}

std::string print_tcp_rule(std::span<const std::string> names)
{
    std::vector<std::string> matchers;
    for (const auto& name : names) matchers.push_back("HostSNI(`" + name + "`)");
    return text::join(matchers, " || ");
}

std::vector<std::string> hosts_of(const rule& tree)
{
    std::vector<std::string> hosts;
    collect_hosts(tree, hosts);
    return hosts;
}

}  // namespace lintel::model
