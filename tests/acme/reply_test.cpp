#include "acme/reply.hpp"

#include "acme/timestamp.hpp"
#include "acme/url_rule.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using fields = std::vector<std::pair<std::string, std::string>>;
using urls = std::vector<std::string>;

reply answered(fields with, int status = 200, std::string body = "")
{
    return reply("https://ca.example/acme/cert/1?secret=x", {status, std::move(body), std::move(with)});
}

TEST(Reply, FindsLinksByTheirRelation)
{
    struct row {
        std::string field;
        urls alternates;
    };
    for (const auto& [field, alternates] : std::vector<row>{
             {"<https://ca.example/2>;rel=\"alternate\"", {"https://ca.example/2"}},
             {"<https://ca.example/2>; rel=alternate", {"https://ca.example/2"}},
             {"</2>;rel=\"alternate\", <https://ca.example/dir>;rel=\"index\"", {"https://ca.example/2"}},
             {"<https://ca.example/a,b>; title=\"x, rel=next\"; REL=\"up Alternate\"", {"https://ca.example/a,b"}},
             {"<https://ca.example/1>;rel=\"alternate\",<https://ca.example/2>;rel=\"alternate\"",
              {"https://ca.example/1", "https://ca.example/2"}},
             {"<https://ca.example/2>;rel=\"alternates\"", {}},
             {"<https://ca.example/2>", {}},
             {"<https://ca.example/2;rel=\"alternate\"", {}},
             {"", {}},
         }) {
        EXPECT_EQ(answered({{"link", field}}).links("alternate"), alternates) << field;
    }
    auto two = answered({{"link", "<https://ca.example/1>;rel=\"next\""}, {"link", "</2>;rel=\"next\""}});
    EXPECT_EQ(two.links("next"), (urls{"https://ca.example/1", "https://ca.example/2"}));
}

TEST(Reply, LocationsAreMadeAbsolute)
{
    EXPECT_EQ(answered({{"location", "https://other.example/x"}}).location(), "https://other.example/x");
    EXPECT_EQ(answered({{"location", "/x"}}).location(), "https://ca.example/x");
    for (const char* each : {"x", "//evil.example/x", "?x"}) EXPECT_EQ(answered({{"location", each}}).location(), "");
    EXPECT_EQ(answered({}).location(), "");
}

TEST(Reply, SaysWhenToAskAgain)
{
    EXPECT_EQ(answered({{"retry-after", "120"}}).retry_after(), 120s);
    EXPECT_EQ(answered({{"retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"}, {"date", "Fri, 31 Dec 1999 23:59:00 GMT"}})
                  .retry_after(),
              59s)
        << "by the CA's clock";
    EXPECT_EQ(answered({{"retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"}}).retry_after(), 0s) << "long ago by ours";
    EXPECT_EQ(answered({}).retry_after(), std::nullopt);
}

TEST(Reply, ARefusalIsItsProblemDocument)
{
    auto why = answered({{"retry-after", "30"}}, 429,
                        R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many \"certificates\""})")
                   .as_failure();
    EXPECT_EQ(why.what, failure::kind::refused);
    EXPECT_EQ(why.status, 429);
    EXPECT_EQ(why.type, "rateLimited");
    EXPECT_EQ(why.detail, "too many \"certificates\"");
    EXPECT_EQ(why.retry_after, 30s);
}

TEST(Reply, ARefusalWithoutOneIsMalformed)
{
    for (const char* body : {"", "<html>Bad Gateway</html>", "{}", "[]", "\"x\"", "{\"type\":7}"}) {
        auto why = answered({}, 502, body).as_failure();
        EXPECT_EQ(why.what, failure::kind::malformed) << body;
        EXPECT_EQ(why.status, 502);
        EXPECT_TRUE(why.detail.contains("502")) << why.detail;
        EXPECT_FALSE(why.detail.contains("secret")) << why.detail;
    }
}

TEST(RetryAfter, IsSecondsOrADate)
{
    auto sent = parse_timestamp("1994-11-06T08:49:00Z").value();
    struct row {
        const char* value;
        std::optional<duration> wait;
    };
    for (const auto& [value, wait] : std::vector<row>{
             {"0", 0s},
             {"3600", 1h},
             {"99999999999999999999", 366 * 24h},
             {"Sun, 06 Nov 1994 08:49:37 GMT", 37s},
             {"Sunday, 06-Nov-94 08:49:37 GMT", 37s},
             {"Sun Nov  6 08:49:37 1994", 37s},
             {"Sun, 06 Nov 1994 08:48:00 GMT", 0s},
             {"Sun, 06 Nov 2094 08:49:37 GMT", 366 * 24h},
             {"", {}},
             {"-1", {}},
             {"1.5", {}},
             {"soon", {}},
             {"Sun, 06 Nov 1994 08:49:37 GMT, 12", {}},
         }) {
        EXPECT_EQ(parse_retry_after(value, sent), wait) << value;
    }
}

TEST(Timestamp, IsThatOfRfc3339)
{
    auto base = std::chrono::sys_days(std::chrono::year(2026) / 1 / 2);
    struct row {
        const char* text;
        duration after;
    };
    for (const auto& [text, after] : std::vector<row>{
             {"2026-01-02T04:05:06Z", 4h + 5min + 6s},
             {"2026-01-02t04:05:06z", 4h + 5min + 6s},
             {"2026-01-02T04:05:06.5Z", 4h + 5min + 6s + 500ms},
             {"2026-01-02T04:05:06.123456789Z", 4h + 5min + 6s + 123ms},
             {"2026-01-02T04:05:06+02:30", 1h + 35min + 6s},
             {"2026-01-02T04:05:06-01:00", 5h + 5min + 6s},
             {"2026-01-02T23:59:60Z", 24h},
         }) {
        EXPECT_EQ(parse_timestamp(text), wall_clock::time_point(base) + after) << text;
    }
    for (const char* bad : {"", "2026-01-02", "2026-01-02T04:05:06", "2026-13-02T04:05:06Z", "2026-02-30T04:05:06Z",
                            "2026-01-02T24:05:06Z", "2026-01-02T04:60:06Z", "2026-01-02T04:05:61Z",
                            "+026-01-02T04:05:06Z", "2026-01-02T04:05:06.Z", "2026-01-02T04:05:06Zx",
                            "2026-01-02T04:05:06+0200", "9999-01-02T04:05:06Z", "0001-01-01T00:00:00Z"}) {
        EXPECT_EQ(parse_timestamp(bad), std::nullopt) << bad;
    }
}

TEST(UrlRule, OnlyHttpsButForLoopback)
{
    auto secure = url_rule::of_directory("https://ca.example/directory").value();
    EXPECT_TRUE(secure.allows("https://other.example:444/x?y"));
    EXPECT_TRUE(secure.allows("HTTPS://[2001:db8::1]/"));
    for (const char* bad :
         {"http://ca.example/", "http://127.0.0.1/", "ftp://ca.example/", "file:///etc/passwd", "", "https://",
          "https:///x", "https://user@ca.example/", "https://ca.example/a b", "/x", "https://ca.example/\r\nX: y",
          "https://ca.example/\"", "https://[::1", " https://ca.example/"}) {
        EXPECT_FALSE(secure.allows(bad)) << bad;
    }
    auto clear = url_rule::of_directory("http://127.0.0.1:14000/dir").value();
    for (const char* good : {"http://127.0.0.1/", "http://localhost:80/x", "http://[::1]:1/"})
        EXPECT_TRUE(clear.allows(good)) << good;
    for (const char* bad : {"http://192.0.2.1/", "http://127.0.0.1.example/", "http://169.254.169.254/latest"})
        EXPECT_FALSE(clear.allows(bad)) << bad;
    for (const char* bad : {"http://ca.example/", "ca.example", "", "http://127.0.0.1@ca.example/"})
        EXPECT_FALSE(url_rule::of_directory(bad)) << bad;
    EXPECT_FALSE(secure.allows("https://ca.example/" + std::string(3000, 'x')));
}

}  // namespace
}  // namespace lintel::acme
