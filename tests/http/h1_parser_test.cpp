#include "http/h1_parser.hpp"

#include "tests/support/http_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lintel::http {
namespace {

using namespace std::string_literals;
using test::error_of;
using test::request_text;
using test::response_text;

struct verdict {
    error_code failure;
    std::size_t length = 0;
    bool operator==(const verdict&) const = default;
};

std::ostream& operator<<(std::ostream& out, const verdict& what)
{
    return out << what.failure.message() << " / " << what.length;
}

verdict scanned_at_once(std::string_view bytes, const head_limits& limits)
{
    head_scanner scanner;
    auto found = scanner.scan(bytes, limits);
    return {error_of(found), found ? *found : 0};
}

verdict scanned_byte_by_byte(std::string_view bytes, const head_limits& limits)
{
    head_scanner scanner;
    for (std::size_t count = 1; count <= bytes.size(); ++count) {
        auto found = scanner.scan(bytes.substr(0, count), limits);
        if (!found || *found > 0) return {error_of(found), found ? *found : 0};
    }
    return {};
}

TEST(HeadScanner, FindsTheEndOfAHead)
{
    struct row {
        std::string bytes;
        std::size_t length;
    };
    for (const auto& [bytes, length] : {
             row{"", 0},
             row{"GET / HTTP/1.1\r\n", 0},
             row{"GET / HTTP/1.1\r\nHost: a\r\n\r", 0},
             row{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27},
             row{"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next", 27},
             row{"GET / HTTP/1.1\r\n\r\n\r\n", 18},
             row{"\r\n", 2},
             row{"\r\nGET / HTTP/1.1\r\n\r\n", 2},
         }) {
        SCOPED_TRACE(bytes);
        EXPECT_EQ(scanned_at_once(bytes, {}), (verdict{{}, length}));
        EXPECT_EQ(scanned_byte_by_byte(bytes, {}), (verdict{{}, length}));
    }
}

TEST(HeadScanner, LooksAtNothingWhereNoBufferIs) { EXPECT_EQ(scanned_at_once(std::string_view(), {}), verdict{}); }

TEST(HeadScanner, RefusesEveryLineEndButCrlf)
{
    for (const auto& bytes : {
             "GET / HTTP/1.1\n"s,
             "\n"s,
             "GET / HTTP/1.1\r\nHost: a\n\r\n"s,
             "GET / HTTP/1.1\r\nHost: a\r\n\n"s,
             "GET / HTTP/1.1\r\nHost: a\r\r\n"s,
             "GET / HTTP/1.1\r\nA: b\rC: d\r\n"s,
             "GET /\r HTTP/1.1\r\n"s,
             "\rGET / HTTP/1.1\r\n"s,
         }) {
        SCOPED_TRACE(bytes);
        EXPECT_EQ(scanned_at_once(bytes, {}).failure, errc::bad_line_end);
        EXPECT_EQ(scanned_byte_by_byte(bytes, {}).failure, errc::bad_line_end);
    }
}

TEST(HeadScanner, StopsAtItsLimits)
{
    head_limits limits{.head_bytes = 200, .target_bytes = 50, .fields = 100};
    struct row {
        std::string bytes;
        error_code failure;
    };
    auto line = "GET / HTTP/1.1\r\n"s;
    for (const auto& [bytes, failure] : {
             row{std::string(300, 'a'), errc::target_too_long},
             row{"GET /" + std::string(300, 'a'), errc::target_too_long},
             row{"GET /" + std::string(300, 'a') + " HTTP/1.1\r\n", errc::target_too_long},
             row{std::string(100, 'M') + " /" + std::string(49, 'a') + " HTTP/1.1\r\n\r\n", errc::target_too_long},
             row{line + "A: " + std::string(300, 'a'), errc::head_too_large},
             row{line + "A: " + std::string(300, 'a') + "\r\n\r\n", errc::head_too_large},
             row{line + "A: " + std::string(300, '\r') + "\r\n\r\n", errc::head_too_large},
             row{line + "A: " + std::string(200 - 16 - 7, 'a') + "\r\n\r\n", {}},
             row{line + "A: " + std::string(200 - 16 - 6, 'a') + "\r\n\r\n", errc::head_too_large},
         }) {
        SCOPED_TRACE(bytes);
        EXPECT_EQ(scanned_at_once(bytes, limits).failure, failure);
        EXPECT_EQ(scanned_byte_by_byte(bytes, limits).failure, failure);
    }
}

TEST(HeadScanner, GivesTheSameVerdictHoweverTheBytesArrive)
{
    const std::string whole = "POST /a?b HTTP/1.1\r\nHost: a.example\r\nX: y, z\r\nContent-Length: 3\r\n\r\nabcGET";
    constexpr std::string_view spice = "\r\n\r\n\0 :\t,aZ%/";
    std::mt19937 random(1);
    auto below = [&](std::size_t end) { return random() % end; };
    head_limits limits{.head_bytes = 90, .target_bytes = 20, .fields = 100};
    for (int round = 0; round < 5000; ++round) {
        auto bytes = whole;
        for (auto changes = 1 + below(4); changes > 0; --changes) {
            auto at = below(bytes.size());
            switch (below(3)) {
                case 0: bytes[at] = spice[below(spice.size())]; break;
                case 1: bytes.insert(at, 1, spice[below(spice.size())]); break;
                default: bytes.erase(at, 1);
            }
        }
        ASSERT_EQ(scanned_at_once(bytes, limits), scanned_byte_by_byte(bytes, limits))
            << ::testing::PrintToString(bytes);
    }
}

TEST(RequestHead, IsReadIntoItsParts)
{
    request_text text(
        "PoST /a/b?c=d HTTP/1.1\r\nHost: a.example\r\nX-Empty:\r\nX-Odd: \t y  z\t \r\ncontent-length:12\r\n\r\n");
    ASSERT_FALSE(text.failure) << text.failure.message();
    EXPECT_EQ(text.head.method, "PoST");
    EXPECT_EQ(text.head.target, "/a/b?c=d");
    EXPECT_EQ(text.head.version, version::http_1_1);
    ASSERT_EQ(text.head.fields.size(), 4U);
    EXPECT_EQ(text.head.fields.find(field_id::host)->value, "a.example");
    EXPECT_EQ(text.head.fields.find("x-empty")->value, "");
    EXPECT_EQ(text.head.fields.find("X-ODD")->value, "y  z");
    EXPECT_EQ(text.head.fields.find(field_id::content_length)->value, "12");
}

TEST(RequestHead, MayHaveNoFields)
{
    request_text text("GET / HTTP/1.0\r\n\r\n");
    ASSERT_FALSE(text.failure);
    EXPECT_TRUE(text.head.fields.empty());
}

TEST(RequestHead, RefusesMalformedRequestLines)
{
    for (const auto& line : {
             ""s,
             " "s,
             "GET"s,
             "GET /"s,
             "GET HTTP/1.1"s,
             "GET  / HTTP/1.1"s,
             "GET /  HTTP/1.1"s,
             " GET / HTTP/1.1"s,
             "GET / HTTP/1.1 "s,
             "GET / x HTTP/1.1"s,
             "GET\t/ HTTP/1.1"s,
             "GET /\tHTTP/1.1"s,
             "G(T / HTTP/1.1"s,
             "G\xC3\x89T / HTTP/1.1"s,
             "G\0T / HTTP/1.1"s,
             "GET: / HTTP/1.1"s,
             "GET / "s,
             "GET / http/1.1"s,
             "GET / HTTP/1,1"s,
             "GET / HTTP/1."s,
             "GET / HTTP/11"s,
             "GET / HTTP/1.10"s,
             "GET / HTTP/x.1"s,
             "GET / HTTPS/1.1"s,
             "GET / HTTP/1.1\0"s,
             "GET / HTTP/+.1"s,
             "GET / ICY/1.1"s,
         }) {
        SCOPED_TRACE(::testing::PrintToString(line));
        request_text text(line + "\r\nHost: a\r\n\r\n");
        EXPECT_EQ(text.failure, errc::bad_request_line);
    }
}

TEST(RequestHead, SpeaksOnlyMajorVersionOne)
{
    struct row {
        const char* name;
        error_code failure;
        version spoken;
    };
    for (auto [name, failure, spoken] : {
             row{"HTTP/1.0", {}, version::http_1_0},
             row{"HTTP/1.1", {}, version::http_1_1},
             row{"HTTP/1.2", {}, version::http_1_1},
             row{"HTTP/1.9", {}, version::http_1_1},
             row{"HTTP/0.9", errc::bad_version, {}},
             row{"HTTP/2.0", errc::bad_version, {}},
             row{"HTTP/9.9", errc::bad_version, {}},
         }) {
        SCOPED_TRACE(name);
        request_text text("GET / " + std::string(name) + "\r\nHost: a\r\n\r\n");
        EXPECT_EQ(text.failure, failure);
        if (!failure) EXPECT_EQ(text.head.version, spoken);
    }
}

TEST(RequestHead, RefusesMalformedFieldLines)
{
    struct row {
        std::string line;
        errc why;
    };
    for (const auto& [line, why] : {
             row{" folded", errc::obsolete_folding},    row{"\tfolded", errc::obsolete_folding},
             row{"A: b\r\n c", errc::obsolete_folding}, row{" ", errc::obsolete_folding},
             row{"no colon", errc::bad_field_name},     row{":", errc::bad_field_name},
             row{": value", errc::bad_field_name},      row{"A : b", errc::bad_field_name},
             row{"A\t: b", errc::bad_field_name},       row{"A b: c", errc::bad_field_name},
             row{"A\x7f: b", errc::bad_field_name},     row{"A\xC3\x89: b", errc::bad_field_name},
             row{"A\0: b"s, errc::bad_field_name},      row{"A(b): c", errc::bad_field_name},
             row{"A\"b\": c", errc::bad_field_name},    row{"A/b: c", errc::bad_field_name},
             row{"A: b\0c"s, errc::bad_field_value},    row{"A: \0"s, errc::bad_field_value},
             row{"A: b\x01", errc::bad_field_value},    row{"A: b\x1b[0m", errc::bad_field_value},
             row{"A: b\x7f", errc::bad_field_value},    row{"A: b\x0b", errc::bad_field_value},
         }) {
        SCOPED_TRACE(::testing::PrintToString(line));
        EXPECT_EQ(request_text("GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n").failure, why);
        EXPECT_EQ(response_text("HTTP/1.1 200 OK\r\n" + line + "\r\n\r\n").failure, why);
    }
}

TEST(RequestHead, KeepsBytesAboveAsciiInValues)
{
    request_text text("GET / HTTP/1.1\r\nHost: a\r\nX: caf\xC3\xA9 \xFF\r\n\r\n");
    ASSERT_FALSE(text.failure);
    EXPECT_EQ(text.head.fields.find("x")->value, "caf\xC3\xA9 \xFF");
}

TEST(RequestHead, CountsFields)
{
    head_limits limits{.head_bytes = 32 * 1024, .target_bytes = 8192, .fields = 3};
    EXPECT_FALSE(request_text("GET / HTTP/1.1\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", limits).failure);
    EXPECT_EQ(request_text("GET / HTTP/1.1\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", limits).failure,
              errc::head_too_large);
}

TEST(RequestHead, MeasuresTheTarget)
{
    head_limits limits{.head_bytes = 32 * 1024, .target_bytes = 10, .fields = 3};
    EXPECT_FALSE(request_text("GET /123456789 HTTP/1.1\r\nA: b\r\n\r\n", limits).failure);
    EXPECT_EQ(request_text("GET /1234567890 HTTP/1.1\r\nA: b\r\n\r\n", limits).failure, errc::target_too_long);
}

TEST(RequestHead, ForgetsTheFieldsOfTheOneBefore)
{
    std::string first = "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n", second = "GET / HTTP/1.1\r\nE: f\r\n\r\n";
    request_head head;
    ASSERT_TRUE(parse_request_head(first, {}, head));
    ASSERT_TRUE(parse_request_head(second, {}, head));
    ASSERT_EQ(head.fields.size(), 1U);
    EXPECT_EQ(head.fields.begin()->name, "E");
}

TEST(ResponseHead, IsReadIntoItsParts)
{
    struct row {
        const char* line;
        int status;
        version spoken;
    };
    for (auto [line, status, spoken] : {
             row{"HTTP/1.1 200 OK", 200, version::http_1_1},
             row{"HTTP/1.1 200 ", 200, version::http_1_1},
             row{"HTTP/1.1 200", 200, version::http_1_1},
             row{"HTTP/1.0 404 Not Found Here", 404, version::http_1_0},
             row{"HTTP/1.1 999 caf\xC3\xA9\ttab", 999, version::http_1_1},
             row{"HTTP/1.3 100 Continue", 100, version::http_1_1},
         }) {
        SCOPED_TRACE(line);
        response_text text(std::string(line) + "\r\nA: b\r\n\r\n");
        ASSERT_FALSE(text.failure) << text.failure.message();
        EXPECT_EQ(text.head.status, status);
        EXPECT_EQ(text.head.version, spoken);
        EXPECT_EQ(text.head.fields.size(), 1U);
    }
}

TEST(ResponseHead, RefusesMalformedStatusLines)
{
    for (const auto& line : {
             ""s,
             "HTTP/1.1"s,
             "HTTP/1.1 "s,
             "HTTP/1.1 20"s,
             "HTTP/1.1 2000 OK"s,
             "HTTP/1.1 099 X"s,
             "HTTP/1.1 000 X"s,
             "HTTP/1.1 -20 X"s,
             "HTTP/1.1 +20 X"s,
             "HTTP/1.1 20x OK"s,
             "HTTP/1.1  200 OK"s,
             "HTTP/1.1\t200 OK"s,
             "HTTP/1.1 200OK"s,
             "HTTP/1.1 200\tOK"s,
             "HTTP/2.0 200 OK"s,
             "HTTP/0.9 200 OK"s,
             "http/1.1 200 OK"s,
             "ICY 200 OK"s,
             "HTTP/1 200 OK"s,
             "HTTP/1.1 200 O\0K"s,
             "HTTP/1.1 200 O\x1bK"s,
             "<html><body>hello"s,
             " HTTP/1.1 200 OK"s,
         }) {
        SCOPED_TRACE(::testing::PrintToString(line));
        EXPECT_EQ(response_text(line + "\r\nA: b\r\n\r\n").failure, errc::bad_status_line);
    }
}

TEST(Errors, HaveAStatusForTheClientWhoMadeThem)
{
    struct row {
        errc what;
        int status;
    };
    for (auto [what, status] :
         {row{errc::target_too_long, 414}, row{errc::head_too_large, 431}, row{errc::method_not_allowed, 405},
          row{errc::bad_expectation, 417}, row{errc::bad_version, 505}, row{errc::bad_chunk, 400},
          row{errc::bad_host, 400}, row{errc::ambiguous_framing, 400}}) {
        EXPECT_EQ(status_of(what), status);
        EXPECT_TRUE(is_malformed(what));
    }
    EXPECT_FALSE(is_malformed(errc::cut_short)) << "it only stopped";
    EXPECT_FALSE(is_malformed(errc::upstream_failed));
    EXPECT_FALSE(is_malformed(error_code(ECONNRESET, boost::system::system_category())));
}

}  // namespace
}  // namespace lintel::http
