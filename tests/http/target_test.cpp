#include "http/target.hpp"

#include "tests/support/http_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lintel::http {
namespace {

using namespace std::string_literals;

struct target_text : test::request_text {
    explicit target_text(const std::string& line, const std::string& fields = "Host: a.example\r\n")
        : head_text(line + "\r\n" + fields + "\r\n")
    {
        if (!failure) failure = test::error_of(read_target(head));
    }
};

TEST(Target, HasOneSpellingOfEachPath)
{
    struct row {
        const char *target, *path, *query;
    };
    for (auto [target, path, query] : {
             row{"/", "/", ""},
             row{"/a/b.c", "/a/b.c", ""},
             row{"/a?b=/../c%2e", "/a", "?b=/../c%2e"},
             row{"/?", "/", "?"},
             row{"/a?b?c", "/a", "?b?c"},
             // unreserved octets are decoded, others spelt in upper case
             row{"/%61%5f%7e%2D%39%5A", "/a_~-9Z", ""},
             row{"/%c3%a9", "/%C3%A9", ""},
             row{"/%3f%23%25", "/%3F%23%25", ""},
             row{"/a%20b", "/a%20b", ""},
             row{"/%e2%80%8b/%ff", "/%E2%80%8B/%FF", ""},
             row{"/a%2561", "/a%2561", ""},
             // %2F and %5C stay what they are
             row{"/a%2fb", "/a%2Fb", ""},
             row{"/a%2F..%2Fb", "/a%2F..%2Fb", ""},
             row{"/a%5cb", "/a%5Cb", ""},
             // dot segments
             row{"/.", "/", ""},
             row{"/..", "/", ""},
             row{"/../..", "/", ""},
             row{"/./a/./b/.", "/a/b/", ""},
             row{"/a/../b", "/b", ""},
             row{"/a/..", "/", ""},
             row{"/a/b/..", "/a/", ""},
             row{"/a/b/../", "/a/", ""},
             row{"/../../etc/passwd", "/etc/passwd", ""},
             row{"/a/%2e%2e/b", "/b", ""},
             row{"/a/%2E./b", "/b", ""},
             row{"/a/.%2e/b", "/b", ""},
             row{"/%2e%2e/%2e/x", "/x", ""},
             row{"/a/...", "/a/...", ""},
             row{"/.hidden/..b/c..", "/.hidden/..b/c..", ""},
             row{"/a/..;/b", "/a/..;/b", ""},
             row{"/a;x=1/b", "/a;x=1/b", ""},
             // doubled slashes
             row{"//", "/", ""},
             row{"//a//b//", "/a/b/", ""},
             row{"/a//../b", "/b", ""},
             row{"//evil.example/x", "/evil.example/x", ""},
         }) {
        SCOPED_TRACE(target);
        target_text text("GET " + std::string(target) + " HTTP/1.1");
        ASSERT_FALSE(text.failure) << text.failure.message();
        EXPECT_EQ(text.head.path, path);
        EXPECT_EQ(text.head.query, query);
        EXPECT_EQ(text.head.host, "a.example");
    }
}

TEST(Target, IsRefusedWhereItIsMalformed)
{
    for (const auto& target : {
             "a"s,
             "a/b"s,
             "?a"s,
             "*"s,
             "a.example:80"s,
             "/%"s,
             "/%4"s,
             "/%4/"s,
             "/%zz"s,
             "/%4g"s,
             "/% 41"s,
             "/%-1"s,
             "/%+1"s,
             "/%00"s,
             "/%01"s,
             "/%0a"s,
             "/%0D%0A"s,
             "/%1f"s,
             "/%7f"s,
             "/a#b"s,
             "/a?b#c"s,
             "/caf\xC3\xA9"s,
             "/\x7f"s,
             "/\x01"s,
             "/a\0b"s,
             "/a?\0"s,
             "/a?\xFF"s,
             "ftp://a/b"s,
             "http:/a"s,
             "http:a"s,
             "http://"s,
             "http:///a"s,
             "http://?a"s,
             "file:///etc/passwd"s,
             "javascript:1"s,
             "http://user@a.example/"s,
             "http://user:pw@a.example/"s,
             "://a/"s,
         }) {
        SCOPED_TRACE(::testing::PrintToString(target));
        auto failure = target_text("GET " + target + " HTTP/1.1").failure;
        bool blank = target.find(' ') != target.npos;
        EXPECT_EQ(failure, blank ? errc::bad_request_line : errc::bad_target);
    }
}

TEST(Target, InAbsoluteFormReplacesHost)
{
    struct row {
        const char *target, *path, *query, *authority, *host;
    };
    for (auto [target, path, query, authority, host] : {
             row{"http://b.example/x?y", "/x", "?y", "b.example", "b.example"},
             row{"HTTP://B.Example:8080/x", "/x", "", "B.Example:8080", "b.example"},
             row{"https://b.example", "/", "", "b.example", "b.example"},
             row{"http://b.example?y", "/", "?y", "b.example", "b.example"},
             row{"http://b.example./", "/", "", "b.example.", "b.example"},
             row{"http://b.example//a/../b", "/b", "", "b.example", "b.example"},
             row{"http://[::1]:80/", "/", "", "[::1]:80", "[::1]"},
             row{"http://b.example/?u=http://c/", "/", "?u=http://c/", "b.example", "b.example"},
         }) {
        SCOPED_TRACE(target);
        target_text text("GET " + std::string(target) + " HTTP/1.1");
        ASSERT_FALSE(text.failure) << text.failure.message();
        EXPECT_EQ(text.head.path, path);
        EXPECT_EQ(text.head.query, query);
        EXPECT_EQ(text.head.authority, authority);
        EXPECT_EQ(text.head.host, host);
    }
}

TEST(Target, InAbsoluteFormStillNeedsOneGoodHost)
{
    EXPECT_EQ(target_text("GET http://b/ HTTP/1.1", "").failure, errc::bad_host);
    EXPECT_EQ(target_text("GET http://b/ HTTP/1.1", "Host: b\r\nHost: b\r\n").failure, errc::bad_host);
    EXPECT_EQ(target_text("GET http://b/ HTTP/1.1", "Host: b/c\r\n").failure, errc::bad_host);
    EXPECT_EQ(target_text("GET http://b_[/ HTTP/1.1").failure, errc::bad_host);
    EXPECT_EQ(target_text("GET http://b:x/ HTTP/1.1").failure, errc::bad_host);
    EXPECT_FALSE(target_text("GET http://b/ HTTP/1.0", "").failure);
}

TEST(Target, MayBeAnAsteriskForOptionsOnly)
{
    target_text text("OPTIONS * HTTP/1.1");
    ASSERT_FALSE(text.failure);
    EXPECT_EQ(text.head.path, "*");
    EXPECT_EQ(text.head.query, "");
    EXPECT_EQ(text.head.host, "a.example");
    EXPECT_EQ(target_text("GET * HTTP/1.1").failure, errc::bad_target);
    EXPECT_EQ(target_text("OPTIONS *?a HTTP/1.1").failure, errc::bad_target);
    EXPECT_EQ(target_text("OPTIONS * HTTP/1.1", "").failure, errc::bad_host);
}

TEST(Target, TakesTheHostFromItsField)
{
    struct row {
        const char *value, *host;
    };
    for (auto [value, host] : {row{"a.example", "a.example"}, row{"A.Example.:8080", "a.example"}, row{"a:", "a"},
                               row{"10.0.0.1:80", "10.0.0.1"}, row{"[2001:DB8::1]:443", "[2001:db8::1]"},
                               row{"my_app.internal", "my_app.internal"}}) {
        SCOPED_TRACE(value);
        target_text text("GET / HTTP/1.1", "Host: " + std::string(value) + "\r\n");
        ASSERT_FALSE(text.failure) << text.failure.message();
        EXPECT_EQ(text.head.host, host);
        EXPECT_EQ(text.head.authority, value) << "as received";
    }
}

TEST(Target, NeedsExactlyOneHostInHttp11)
{
    for (const auto& fields : {
             ""s,
             "Host:\r\n"s,
             "Host: a\r\nHost: a\r\n"s,
             "Host: a\r\nX: y\r\nhost: b\r\n"s,
             "Host: a, b\r\n"s,
             "Host: a b\r\n"s,
             "Host: a/b\r\n"s,
             "Host: a\\b\r\n"s,
             "Host: a@b\r\n"s,
             "Host: a?b\r\n"s,
             "Host: a#b\r\n"s,
             "Host: a%62\r\n"s,
             "Host: a..b\r\n"s,
             "Host: .a\r\n"s,
             "Host: .\r\n"s,
             "Host: a:b\r\n"s,
             "Host: a:80:80\r\n"s,
             "Host: a:-1\r\n"s,
             "Host: :80\r\n"s,
             "Host: ::1\r\n"s,
             "Host: [::1\r\n"s,
             "Host: [::1]x\r\n"s,
             "Host: [g::1]\r\n"s,
             "Host: http://a\r\n"s,
             "Host: *\r\n"s,
             "Host: *.a\r\n"s,
             "Host: caf\xC3\xA9\r\n"s,
             "Host: "s + std::string(64, 'a') + "\r\n"s,
             "Host: a:99999999\r\n"s,
         }) {
        SCOPED_TRACE(fields);
        EXPECT_EQ(target_text("GET / HTTP/1.1", fields).failure, errc::bad_host);
    }
}

TEST(Target, NeedsNoHostInHttp10)
{
    target_text none("GET /x HTTP/1.0", "");
    ASSERT_FALSE(none.failure);
    EXPECT_EQ(none.head.host, "");
    EXPECT_EQ(none.head.path, "/x");
    EXPECT_EQ(target_text("GET / HTTP/1.0", "Host: a\r\nHost: a\r\n").failure, errc::bad_host);
    EXPECT_EQ(target_text("GET / HTTP/1.0", "Host: a b\r\n").failure, errc::bad_host);
}

TEST(Target, DoesNotKeepThePathOfTheRequestBefore)
{
    std::string first = "GET /a//b?q HTTP/1.1\r\nHost: a\r\n\r\n", second = "GET /c HTTP/1.1\r\nHost: b\r\n\r\n";
    request_head head;
    ASSERT_TRUE(parse_request_head(first, {}, head));
    ASSERT_TRUE(read_target(head));
    ASSERT_TRUE(parse_request_head(second, {}, head));
    ASSERT_TRUE(read_target(head));
    EXPECT_EQ(head.path, "/c");
    EXPECT_EQ(head.query, "");
    EXPECT_EQ(head.host, "b");
}

TEST(Target, IsNormalAfterOnePass)
{
    constexpr std::string_view parts[] = {"/",   ".",   "..", "a",   "%2e", "%2F", "%5c",
                                          "%41", "%C3", ";",  "%25", "//",  "~"};
    std::mt19937 random(7);
    for (int round = 0; round < 5000; ++round) {
        std::string path = "/";
        for (auto count = random() % 10; count > 0; --count) path += parts[random() % std::size(parts)];
        target_text once("GET " + path + " HTTP/1.1");
        ASSERT_FALSE(once.failure) << path;
        auto normal = std::string(once.head.path);
        target_text twice("GET " + normal + " HTTP/1.1");
        ASSERT_EQ(twice.head.path, normal) << path;
        ASSERT_TRUE(normal.starts_with('/')) << path;
        ASSERT_EQ(normal.find("//"), normal.npos) << path;
        ASSERT_EQ(normal.find("/../"), normal.npos) << path;
        ASSERT_EQ(normal.find("/./"), normal.npos) << path;
        ASSERT_FALSE(normal.ends_with("/..") || normal.ends_with("/.")) << path;
    }
}

TEST(Upgrade, CountsOnlyWhereConnectionNamesIt)
{
    target_text asked("GET / HTTP/1.1", "Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n");
    EXPECT_EQ(asked.head.upgrade(), "websocket");
    target_text unnamed("GET / HTTP/1.1", "Host: a\r\nConnection: keep-alive\r\nUpgrade: websocket\r\n");
    EXPECT_EQ(unnamed.head.upgrade(), "");
}

}  // namespace
}  // namespace lintel::http
