#include "base/text.hpp"
#include "model/rule.hpp"

#include <algorithm>
#include <array>

namespace lintel::model {

namespace {

struct known_matcher {
    std::string_view name;
    rule::kind what;
};

/// The matchers of one kind of router, and those of Traefik's that this version does not speak: they are named in the
/// problem, so that nobody hunts for a typo.
struct dialect {
    std::span<const known_matcher> matchers;
    std::span<const std::string_view> later;
    std::string_view example;
    std::string_view known;
    bool conjunctions;
};

constexpr std::array http_matchers{
    known_matcher{"Host", rule::kind::host},
    known_matcher{"Path", rule::kind::path},
    known_matcher{"PathPrefix", rule::kind::path_prefix},
};
constexpr std::array<std::string_view, 8> later_http_matchers{"HostRegexp", "PathRegexp", "Header",      "HeaderRegexp",
                                                              "Method",     "Query",      "QueryRegexp", "ClientIP"};
constexpr dialect http_dialect{http_matchers, later_http_matchers, "Host(`example.com`)",
                               "known are Host, Path and PathPrefix", true};

constexpr std::array tcp_matchers{known_matcher{"HostSNI", rule::kind::host}};
constexpr std::array<std::string_view, 3> later_tcp_matchers{"HostSNIRegexp", "ALPN", "ClientIP"};
constexpr dialect tcp_dialect{tcp_matchers, later_tcp_matchers, "HostSNI(`example.com`)", "HostSNI is known", false};

class parser {
public:
    parser(const dialect& speaks, std::string_view text) : speaks_(speaks), text_(text) {}

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
            if (combination == rule::kind::all_of && !speaks_.conjunctions)
                return fail("&& is not supported yet in the rule of a TCP router");
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
        if (name.empty()) return fail("expected a matcher such as " + std::string(speaks_.example));
        auto known =
            std::ranges::find_if(speaks_.matchers, [&](auto& each) { return text::equal_caseless(each.name, name); });
        if (known == speaks_.matchers.end()) {
            at_ = start;
            return fail(explain_unknown(name));
        }
        if (!accept("(")) return fail("expected ( after the matcher's name");
        auto value = string();
        if (!value) return std::unexpected(value.error());
        if (accept(","))
            return fail("one value per matcher; write " + std::string(known->name) + "(`a`) || " +
                        std::string(known->name) + "(`b`)");
        if (!accept(")")) return fail("expected )");
        return checked_value(known->what, std::move(*value), start);
    }

    std::string explain_unknown(std::string_view name) const
    {
        auto later = std::ranges::any_of(speaks_.later, [&](auto each) { return text::equal_caseless(each, name); });
        if (later) return "the matcher " + std::string(name) + " is not supported yet";
        std::vector<std::string> names;
        for (const auto& matcher : speaks_.matchers) names.emplace_back(matcher.name);
        auto near = text::nearest(name, names);
        auto hint = near.empty() ? std::string(speaks_.known) : "did you mean " + near + "?";
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

    const dialect& speaks_;
    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

checked<rule> parse_rule(std::string_view text) { return parser(http_dialect, text).parse(); }

checked<std::vector<std::string>> parse_tcp_rule(std::string_view text)
{
    auto tree = parser(tcp_dialect, text).parse();
    if (!tree) return std::unexpected(tree.error());
    return hosts_of(*tree);
}

}  // namespace lintel::model
