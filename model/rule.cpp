#include "model/rule.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace lintel::model {

namespace {

struct known_matcher {
    std::string_view name;
    rule::kind what;
};
constexpr std::array matchers{
    known_matcher{"Host", rule::kind::host},
    known_matcher{"Path", rule::kind::path},
    known_matcher{"PathPrefix", rule::kind::path_prefix},
};

/// Traefik's matchers that this version does not speak: named in the problem, so that nobody hunts for a typo.
constexpr std::array<std::string_view, 8> later_matchers{"HostRegexp", "PathRegexp", "Header",      "HeaderRegexp",
                                                         "Method",     "Query",      "QueryRegexp", "ClientIP"};

std::string_view name_of(rule::kind what)
{
    for (const auto& matcher : matchers) {
        if (matcher.what == what) return matcher.name;
    }
    return "";
}

class parser {
public:
    explicit parser(std::string_view text) : text_(text) {}

    checked<rule> parse()
    {
        if (text_.size() > rule_limit_bytes) return std::unexpected(problem{"", "the rule is longer than 8 KiB"});
        auto tree = alternatives(0);
        if (!tree) return tree;
        skip_blanks();
        if (at_ < text_.size()) return fail("expected && or || or the end");
        return tree;
    }

private:
    checked<rule> alternatives(int depth)
    {
        return chain("||", rule::kind::any_of, [&] { return conjunction(depth); });
    }

    checked<rule> conjunction(int depth)
    {
        return chain("&&", rule::kind::all_of, [&] { return factor(depth); });
    }

    template <class Part>
    checked<rule> chain(std::string_view separator, rule::kind combination, Part next_part)
    {
        auto first = next_part();
        if (!first) return first;
        rule combined{combination, "", {}};
        combined.parts.push_back(std::move(*first));
        while (accept(separator)) {
            auto next = next_part();
            if (!next) return next;
            combined.parts.push_back(std::move(*next));
        }
        if (combined.parts.size() == 1) return std::move(combined.parts.front());
        return combined;
    }

    checked<rule> factor(int depth)
    {
        if (depth > rule_limit_depth) return fail("the rule is nested too deeply");
        if (accept("!")) return fail("! is not supported yet");
        if (!accept("(")) return matcher();
        auto inner = alternatives(depth + 1);
        if (!inner) return inner;
        if (!accept(")")) return fail("expected )");
        return inner;
    }

    checked<rule> matcher()
    {
        skip_blanks();
        auto start = at_;
        while (at_ < text_.size() && text::is_alpha(text_[at_])) ++at_;
        auto name = text_.substr(start, at_ - start);
        if (name.empty()) return fail("expected a matcher such as Host(`example.com`)");
        auto known = std::ranges::find_if(matchers, [&](auto& each) { return text::equal_caseless(each.name, name); });
        if (known == matchers.end()) {
            at_ = start;
            return fail(explain_unknown(name));
        }
        if (!accept("(")) return fail("expected ( after the matcher's name");
        auto value = string();
        if (!value) return std::unexpected(value.error());
        if (accept(",")) return fail("one value per matcher; write Host(`a`) || Host(`b`)");
        if (!accept(")")) return fail("expected )");
        return checked_value(known->what, std::move(*value), start);
    }

    static std::string explain_unknown(std::string_view name)
    {
        auto later = std::ranges::any_of(later_matchers, [&](auto each) { return text::equal_caseless(each, name); });
        if (later) return "the matcher " + std::string(name) + " is not supported yet";
        std::vector<std::string> names;
        for (const auto& matcher : matchers) names.emplace_back(matcher.name);
        auto near = text::nearest(name, names);
        auto hint = near.empty() ? "known are Host, Path and PathPrefix" : "did you mean " + near + "?";
        return "unknown matcher " + text::printable(name, 40) + "; " + hint;
    }

    checked<rule> checked_value(rule::kind what, std::string value, std::size_t start)
    {
        if (what == rule::kind::host) {
            auto wildcard = value.starts_with("*.");
            auto plain = value == "*" ? value : canonical_host(wildcard ? value.substr(2) : value).value_or("");
            if (plain.empty() || (wildcard && plain.front() == '[')) {
                at_ = start;
                return fail("not a host name in ASCII: " + text::printable(value, 80));
            }
            return rule{what, wildcard ? "*." + plain : plain, {}};
        }
        if (!value.starts_with('/')) {
            at_ = start;
            return fail("a path starts with /");
        }
        return rule{what, std::move(value), {}};
    }

    checked<std::string> string()
    {
        skip_blanks();
        char quote = at_ < text_.size() ? text_[at_] : '\0';
        if (quote != '`' && quote != '"') return std::unexpected(fail("expected a string in `…` or \"…\"").error());
        auto end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) return std::unexpected(fail("the string has no end").error());
        auto value = text_.substr(at_ + 1, end - at_ - 1);
        if (std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\\'; }))
            return std::unexpected(fail("control characters and \\ are not allowed in a string").error());
        at_ = end + 1;
        return std::string(value);
    }

    bool accept(std::string_view token)
    {
        skip_blanks();
        if (!text_.substr(at_).starts_with(token)) return false;
        at_ += token.size();
        return true;
    }

    void skip_blanks()
    {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    }

    checked<rule> fail(std::string what) const
    {
        return std::unexpected(problem{"column " + std::to_string(at_ + 1), std::move(what)});
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

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

checked<rule> parse_rule(std::string_view text) { return parser(text).parse(); }

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

std::vector<std::string> hosts_of(const rule& tree)
{
    std::vector<std::string> hosts;
    collect_hosts(tree, hosts);
    return hosts;
}

}  // namespace lintel::model
