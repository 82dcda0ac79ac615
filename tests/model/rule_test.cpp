#include "model/rule.hpp"

#include "tests/support/random_model.hpp"

#include <gtest/gtest.h>

namespace lintel::model {
namespace {

using kind = rule::kind;
using namespace std::string_literals;

rule host(std::string value) { return {kind::host, std::move(value), {}}; }
rule path(std::string value) { return {kind::path, std::move(value), {}}; }
rule prefix(std::string value) { return {kind::path_prefix, std::move(value), {}}; }
rule all(std::vector<rule> parts) { return {kind::all_of, "", std::move(parts)}; }
rule any(std::vector<rule> parts) { return {kind::any_of, "", std::move(parts)}; }

TEST(Rule, IsParsedIntoATree)
{
    struct row {
        const char* text;
        rule tree;
    };
    for (const auto& [text, tree] : {
             row{"Host(`a.example`)", host("a.example")},
             row{"Host(\"a.example\")", host("a.example")},
             row{" \t\nHost ( `A.Example.` ) ", host("a.example")},
             row{"host(`a`)", host("a")},
             row{"Host(`*.a.example`)", host("*.a.example")},
             row{"Host(`*`)", host("*")},
             row{"Host(`[::1]`)", host("[::1]")},
             row{"Path(`/a b`)", path("/a b")},
             row{"PathPrefix(`/`)", prefix("/")},
             row{"PATHPREFIX(`/%2F`)", prefix("/%2F")},
             row{"Path(\"/`\")", path("/`")},
             row{"Host(`a`) && Path(`/b`)", all({host("a"), path("/b")})},
             row{"Host(`a`)&&Path(`/b`)&&Path(`/c`)", all({host("a"), path("/b"), path("/c")})},
             row{"Host(`a`) || Host(`b`) && Path(`/c`)", any({host("a"), all({host("b"), path("/c")})})},
             row{"Host(`a`) && Host(`b`) || Path(`/c`)", any({all({host("a"), host("b")}), path("/c")})},
             row{"(Host(`a`) || Host(`b`)) && Path(`/c`)", all({any({host("a"), host("b")}), path("/c")})},
             row{"((Host(`a`)))", host("a")},
             row{"Host(`a`) && (Host(`b`) && Host(`c`))", all({host("a"), all({host("b"), host("c")})})},
         }) {
        SCOPED_TRACE(text);
        auto parsed = parse_rule(text);
        ASSERT_TRUE(parsed) << parsed.error().where << ": " << parsed.error().what;
        EXPECT_EQ(*parsed, tree) << print(*parsed);
    }
}

TEST(Rule, NamesTheColumnOfAMistake)
{
    struct row {
        std::string text;
        int column;
        const char* words;
    };
    for (const auto& [text, column, words] : {
             row{"", 1, "expected a matcher"},
             row{"   ", 4, "expected a matcher"},
             row{"Host", 5, "expected ("},
             row{"Host(", 6, "expected a string"},
             row{"Host()", 6, "expected a string"},
             row{"Host(a)", 6, "expected a string"},
             row{"Host('a')", 6, "expected a string"},
             row{"Host(`a", 6, "no end"},
             row{"Host(`a`", 9, "expected )"},
             row{"Host(`a`, `b`)", 10, "one value"},
             row{"Host(`a`) Host(`b`)", 11, "expected && or ||"},
             row{"Host(`a`) && ", 14, "expected a matcher"},
             row{"Host(`a`) &", 11, "expected && or ||"},
             row{"Host(`a`))", 10, "expected && or ||"},
             row{"(Host(`a`)", 11, "expected )"},
             row{"()", 2, "expected a matcher"},
             row{"!Host(`a`)", 2, "not supported yet"},
             row{"Hots(`a`)", 1, "did you mean Host?"},
             row{"  Frobnicate(`a`)", 3, "known are"},
             row{"Header(`a`, `b`)", 1, "not supported yet"},
             row{"ClientIP(`10.0.0.1`)", 1, "not supported yet"},
             row{"Host(`a`) && HostRegexp(`.*`)", 14, "not supported yet"},
             row{"Host(``)", 1, "not a host name"},
             row{"Host(`a b`)", 1, "not a host name"},
             row{"Host(`http://a`)", 1, "not a host name"},
             row{"Host(`a/b`)", 1, "not a host name"},
             row{"Host(`*.`)", 1, "not a host name"},
             row{"Host(`*.*.a`)", 1, "not a host name"},
             row{"Host(`a.*`)", 1, "not a host name"},
             row{"Host(`*a`)", 1, "not a host name"},
             row{"Host(`*.[::1]`)", 1, "not a host name"},
             row{"Host(`b\xC3\xBC"s + "cher`)", 1, "not a host name"},
             row{"Host(`a`) && Path(`x`)", 14, "starts with /"},
             row{"Path(``)", 1, "starts with /"},
             row{"Path(`/a\\b`)", 6, "not allowed"},
             row{"Path(`/a\nb`)", 6, "not allowed"},
             row{"Path(`/a\0b`)"s, 6, "not allowed"},
             row{"\xEF\xBB\xBFHost(`a`)", 1, "expected a matcher"},
         }) {
        SCOPED_TRACE(text);
        auto parsed = parse_rule(text);
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error().where, "column " + std::to_string(column));
        EXPECT_NE(parsed.error().what.find(words), std::string::npos) << parsed.error().what;
    }
}

TEST(Rule, HasItsLimits)
{
    auto of_length = [](std::size_t length) { return "Path(`/" + std::string(length - 9, 'a') + "`)"; };
    EXPECT_TRUE(parse_rule(of_length(rule_limit_bytes)));
    auto longer = parse_rule(of_length(rule_limit_bytes + 1));
    ASSERT_FALSE(longer);
    EXPECT_NE(longer.error().what.find("8 KiB"), std::string::npos);

    auto nested = [](int depth) { return std::string(depth, '(') + "Host(`a`)" + std::string(depth, ')'); };
    EXPECT_TRUE(parse_rule(nested(rule_limit_depth)));
    auto deeper = parse_rule(nested(rule_limit_depth + 1));
    ASSERT_FALSE(deeper);
    EXPECT_NE(deeper.error().what.find("deep"), std::string::npos);
}

TEST(Rule, IsPrintedSoThatItIsParsedBack)
{
    test::random_model made_up(1);
    for (int round = 0; round < 5000; ++round) {
        auto tree = made_up.rule(4);
        auto text = print(tree);
        auto parsed = parse_rule(text);
        ASSERT_TRUE(parsed) << text << "\n" << parsed.error().where << ": " << parsed.error().what;
        ASSERT_EQ(*parsed, tree) << text << "\n" << print(*parsed);
    }
}

TEST(Rule, HasOneCanonicalSpelling)
{
    EXPECT_EQ(print(parse_rule(" host( \"A.Example\" )&&(PATH(`/b`)||Path(`/c`))").value()),
              "Host(`a.example`) && (Path(`/b`) || Path(`/c`))");
}

TEST(Rule, ListsItsHostsOnceInOrder)
{
    auto tree = parse_rule("Path(`/`) && (Host(`b`) || Host(`*.a`) || Host(`b`)) || Host(`*`)").value();
    EXPECT_EQ(hosts_of(tree), (std::vector<std::string>{"b", "*.a", "*"}));
    EXPECT_TRUE(hosts_of(path("/")).empty());
}

TEST(CanonicalHost, IsOneSpellingForEachHost)
{
    struct row {
        std::string host;
        const char* canonical;  // null: not a host
    };
    for (const auto& [given, canonical] : {
             row{"a", "a"},
             row{"A.Example", "a.example"},
             row{"a.example.", "a.example"},
             row{"a.example:80", "a.example"},
             row{"a.example.:80", "a.example"},
             row{"a:", "a"},
             row{"a:0", "a"},
             row{"a:65535", "a"},
             row{"_dmarc.x-y", "_dmarc.x-y"},
             row{"10.0.0.1", "10.0.0.1"},
             row{"10.0.0.1:80", "10.0.0.1"},
             row{"[::1]", "[::1]"},
             row{"[2001:DB8::A]:443", "[2001:db8::a]"},
             row{"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"},
             row{"", nullptr},
             row{".", nullptr},
             row{"..", nullptr},
             row{".a", nullptr},
             row{"a..b", nullptr},
             row{"a..", nullptr},
             row{":80", nullptr},
             row{"a:b", nullptr},
             row{"a:80x", nullptr},
             row{"a:-80", nullptr},
             row{"a:+80", nullptr},
             row{"a: 80", nullptr},
             row{"a:123456", nullptr},
             row{"a:80:80", nullptr},
             row{"::1", nullptr},
             row{"[::1", nullptr},
             row{"::1]", nullptr},
             row{"[]", nullptr},
             row{"[::1]a", nullptr},
             row{"[::1]:x", nullptr},
             row{"[::g]", nullptr},
             row{"[::1%25eth0]", nullptr},
             row{"a b", nullptr},
             row{" a", nullptr},
             row{"a/", nullptr},
             row{"a\\b", nullptr},
             row{"a@b", nullptr},
             row{"a?", nullptr},
             row{"a#", nullptr},
             row{"a%41", nullptr},
             row{"a,b", nullptr},
             row{"*", nullptr},
             row{"*.a", nullptr},
             row{"b\xC3\xBC"s + "cher", nullptr},
             row{"a\0"s, nullptr},
             row{"a\n", nullptr},
             row{"a\t", nullptr},
             row{std::string(64, 'a'), nullptr},
             row{"a;b", nullptr},
             row{"(a)", nullptr},
         }) {
        SCOPED_TRACE(given);
        auto found = canonical_host(given);
        EXPECT_EQ(found.has_value(), canonical != nullptr);
        if (found && canonical != nullptr) EXPECT_EQ(*found, canonical);
    }
}

TEST(CanonicalHost, HasTheLimitsOfNames)
{
    EXPECT_TRUE(canonical_host(std::string(63, 'a')));
    EXPECT_FALSE(canonical_host(std::string(64, 'a')));
    std::string longest;
    for (int i = 0; i < 126; ++i) longest += "a.";
    EXPECT_EQ(canonical_host(longest + "a"), longest + "a") << "253 octets";
    EXPECT_FALSE(canonical_host(longest + "aa"));
}

TEST(CanonicalHost, RefusesPortsThatDoNotExist) { EXPECT_FALSE(canonical_host("a:65536")); }

TEST(CanonicalHost, IsItsOwnCanonicalForm)
{
    for (const char* each : {"A.b.", "[::A]:1", "x_y:1"}) {
        auto once = canonical_host(each).value();
        EXPECT_EQ(canonical_host(once), once);
    }
}

TEST(TcpRule, NamesHosts)
{
    struct {
        const char* text;
        std::vector<std::string> names;
    } table[]{{"HostSNI(`A.Example.`)", {"a.example"}},
              {"hostsni(\"a\")||(HostSNI(`*.b.x`) || HostSNI(`a`))", {"a", "*.b.x"}},
              {"HostSNI(`*`)", {"*"}}};
    for (const auto& [text, names] : table) {
        auto parsed = parse_tcp_rule(text);
        ASSERT_TRUE(parsed) << text << ": " << parsed.error().what;
        EXPECT_EQ(*parsed, names);
        EXPECT_EQ(parse_tcp_rule(print_tcp_rule(names)), names);
    }
}

TEST(TcpRule, IsAProblemWhereItCannotBeKeptWhole)
{
    struct {
        const char *text, *where, *said;
    } table[]{{"HostSNIRegexp(`.*`)", "column 1", "HostSNIRegexp is not supported yet"},
              {"HostSNI(`a`) || ALPN(`h2`)", "column 17", "ALPN is not supported yet"},
              {"HostSNI(`a`) && ClientIP(`::1`)", "column 16", "&& is not supported yet"},
              {"!HostSNI(`a`)", "column 2", "! is not supported yet"},
              {"Host(`a`)", "column 1", "unknown matcher Host"},
              {"HostSN(`a`)", "column 1", "did you mean HostSNI?"},
              {"HostSNI(`ü`)", "column 1", "not a host name"},
              {"HostSNI(`a`, `b`)", "column 13", "HostSNI(`a`) || HostSNI(`b`)"},
              {"", "column 1", "HostSNI(`example.com`)"}};
    for (const auto& [text, where, said] : table) {
        auto parsed = parse_tcp_rule(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().where, where) << text;
        EXPECT_TRUE(parsed.error().what.contains(said)) << parsed.error().what;
    }
    EXPECT_TRUE(parse_rule("HostSNI(`a`)").error().what.contains("unknown matcher HostSNI"));
}

}  // namespace
}  // namespace lintel::model
