#include "http/h1_writer.hpp"

#include "http/error.hpp"
#include "net/task_group.hpp"
#include "net/worker.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/http_text.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

namespace lintel::http {
namespace {

using kind = framing::kind;

std::string request_bytes(const request_head& head, framing body, std::string_view connection = "")
{
    std::string out;
    write_request_head(out, head, body, connection);
    return out;
}

std::string response_bytes(const response_head& head, framing body, std::string_view connection = "")
{
    std::string out;
    write_response_head(out, head, body, connection);
    return out;
}

request_head simple_request()
{
    request_head head;
    head.method = "GET";
    head.target = "/not//this";
    head.path = "/a";
    head.query = "?b=c";
    head.authority = "a.example:8080";
    head.version = version::http_1_0;
    return head;
}

TEST(RequestWriter, WritesTheHeadAnewFromItsParts)
{
    auto head = simple_request();
    head.fields.add("Host", "not-this");
    head.fields.add("X-Odd", "y");
    head.fields.add("x-odd", "z");
    EXPECT_EQ(request_bytes(head, {}), "GET /a?b=c HTTP/1.1\r\nHost: a.example:8080\r\nX-Odd: y\r\nx-odd: z\r\n\r\n");
}

TEST(RequestWriter, SaysItsOwnFramingAndConnection)
{
    auto head = simple_request();
    for (const char* name :
         {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Content-Length", "HOST"}) {
        head.fields.add(name, "lie");
    }
    auto start = std::string("GET /a?b=c HTTP/1.1\r\nHost: a.example:8080\r\n");
    EXPECT_EQ(request_bytes(head, {}), start + "\r\n");
    EXPECT_EQ(request_bytes(head, {kind::length, 12}), start + "Content-Length: 12\r\n\r\n");
    EXPECT_EQ(request_bytes(head, {kind::length, 0}), start + "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(request_bytes(head, {kind::length, UINT64_MAX}), start + "Content-Length: 18446744073709551615\r\n\r\n");
    EXPECT_EQ(request_bytes(head, {kind::chunked, 0}), start + "Transfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(request_bytes(head, {}, "upgrade"), start + "Connection: upgrade\r\n\r\n");
}

TEST(RequestWriter, AppendsToWhatIsThere)
{
    std::string out = "before|";
    write_request_head(out, simple_request(), {}, "");
    EXPECT_TRUE(out.starts_with("before|GET /a"));
}

TEST(ResponseWriter, WritesStatusPhraseAndFields)
{
    response_head head;
    head.status = 404;
    head.version = version::http_1_0;
    head.fields.add("X-Odd", "y");
    EXPECT_EQ(response_bytes(head, {kind::length, 3}, "close"),
              "HTTP/1.1 404 Not Found\r\nX-Odd: y\r\nConnection: close\r\nContent-Length: 3\r\n\r\n");
    head.status = 999;
    EXPECT_EQ(response_bytes(head, {kind::chunked, 0}),
              "HTTP/1.1 999 Unknown\r\nX-Odd: y\r\nTransfer-Encoding: chunked\r\n\r\n");
    head.status = 100;
    EXPECT_TRUE(response_bytes(head, {}).starts_with("HTTP/1.1 100 Continue\r\n"));
}

TEST(ResponseWriter, LeavesTheLengthOfABodyThatIsNotThere)
{
    response_head head;
    head.status = 304;
    head.fields.add("Content-Length", "1234");
    EXPECT_EQ(response_bytes(head, {}), "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n");
    EXPECT_EQ(response_bytes(head, {kind::chunked, 0}),
              "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(response_bytes(head, {kind::until_close, 0}), "HTTP/1.1 304 Not Modified\r\n\r\n");
}

TEST(ResponseWriter, SaysNoLengthWhereNoneMayStand)
{
    response_head head;
    head.fields.add("Content-Length", "0");
    for (int status : {103, 204}) {  // RFC 9110 §8.6
        head.status = status;
        EXPECT_EQ(response_bytes(head, {}).find("Content-Length"), std::string::npos) << status;
    }
}

/// Writes a message to a socket pair; returns what the far side read.
struct written {
    std::string bytes;
    error_code failure;
};

written write(std::string_view head, body_source& body, framing how)
{
    net::worker loop;
    auto [ours, far] = test::socket_pair();
    auto stream = net::make_stream(loop, std::move(ours), test::nowhere()).value();
    written out;
    auto job = [](net::stream& to, std::string_view text, body_source& source, framing framed,
                  error_code& failure) -> task<void> {
        failure = test::error_of(co_await write_message(to, text, source, framed));
        to.close();
    };
    loop.complete(job(*stream, head, body, how, out.failure));
    out.bytes = far.read_to_end();
    return out;
}

TEST(MessageWriter, FramesByLength)
{
    memory_body body("hello");
    auto out = write("head\r\n\r\n", body, {kind::length, 5});
    EXPECT_EQ(out.bytes, "head\r\n\r\nhello");
    EXPECT_FALSE(out.failure);
}

TEST(MessageWriter, TakesTheEndOfAKnownLengthWhenItComes)
{
    net::worker loop;
    auto [ours, far] = test::socket_pair();
    auto stream = net::make_stream(loop, std::move(ours), test::nowhere()).value();
    for (bool good : {true, false}) {
        test::late_end body(loop, "hello");
        std::optional<result<void>> written;
        auto write = [](net::stream& to, body_source& from, std::optional<result<void>>& out) -> task<void> {
            out = co_await write_message(to, "head\r\n\r\n", from, {kind::length, 5});
        };
        net::task_group running(loop);
        running.spawn("write", write(*stream, body, written));
        EXPECT_EQ(far.read_exactly(13), "head\r\n\r\nhello");
        EXPECT_FALSE(written);
        body.come(good ? body_piece::end_with(nullptr) : body_piece::reset(errc::other_length));
        EXPECT_TRUE(test::run_until(loop, [&] { return running.size() == 0; }));
        ASSERT_TRUE(written);
        EXPECT_EQ(test::error_of(*written), good ? error_code() : errc::upstream_failed);
    }
}

TEST(MessageWriter, SendsTheHeadOfAnEmptyBody)
{
    memory_body body;
    EXPECT_EQ(write("head|", body, {}).bytes, "head|");
    EXPECT_EQ(write("head|", body, {kind::length, 0}).bytes, "head|");
    EXPECT_EQ(write("head|", body, {kind::until_close, 0}).bytes, "head|");
    EXPECT_EQ(write("head|", body, {kind::chunked, 0}).bytes, "head|0\r\n\r\n");
}

TEST(MessageWriter, FramesPiecesAsChunks)
{
    test::piecewise_body body({"hello", " ", std::string(17, 'x')});
    EXPECT_EQ(write("head|", body, {kind::chunked, 0}).bytes,
              "head|5\r\nhello\r\n1\r\n \r\n11\r\nxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
}

TEST(MessageWriter, PassesTrailersOnButThoseThatChangeTheMessage)
{
    fields trailers;
    trailers.add("X-Sum", "1");
    for (const char* name : {"Content-Length", "Transfer-Encoding", "Host", "Connection", "Trailer", "TE", "Upgrade",
                             "X-Forwarded-For", "X-Real-IP", "Expect"}) {
        trailers.add(name, "lie");
    }
    trailers.add("Grpc-Status", "0");
    test::piecewise_body body({"a"}, &trailers);
    EXPECT_EQ(write("", body, {kind::chunked, 0}).bytes, "1\r\na\r\n0\r\nX-Sum: 1\r\nGrpc-Status: 0\r\n\r\n");
}

TEST(MessageWriter, DropsTrailersWhereTheFramingHasNoRoom)
{
    fields trailers;
    trailers.add("X-Sum", "1");
    test::piecewise_body body({"a"}, &trailers);
    EXPECT_EQ(write("", body, {kind::until_close, 0}).bytes, "a");
}

TEST(MessageWriter, NeverCompletesABodyThatBroke)
{
    test::piecewise_body body({"hello"}, nullptr, errc::cut_short);
    auto out = write("head|", body, {kind::chunked, 0});
    EXPECT_EQ(out.failure, errc::upstream_failed);
    EXPECT_EQ(out.bytes, "head|5\r\nhello\r\n") << "no last chunk";
}

}  // namespace
}  // namespace lintel::http
