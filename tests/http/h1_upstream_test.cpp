#include "http/h1_upstream.hpp"

#include "http/error.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/http_text.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace lintel::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

struct call_result {
    error_code sent, received;
    std::vector<int> interim;
    int status = 0;
    std::string fields;
    test::whole_body body;
};

/// Calls as the relay does, but one thing after the other.
task<void> call(h1_upstream& upstream, const request_head& head, body_source& body, call_result& out)
{
    out.sent = test::error_of(co_await upstream.send(head, body));
    for (;;) {
        auto come = co_await upstream.receive_head();
        out.received = test::error_of(come);
        if (!come) co_return;
        out.status = (*come)->status;
        if (out.status >= 200 || out.status == 101) break;
        out.interim.push_back(out.status);
    }
    out.fields.clear();
    if (out.status == 101) co_return;
    out.body = co_await test::read_whole(upstream.response_body());
}

/// An upstream on a socket pair; the test writes its answers.
class H1Upstream : public testing::Test {
protected:
    H1Upstream() : H1Upstream(test::socket_pair()) {}

    /// One call whose answer is in the socket already.
    call_result get(std::string_view answer, const char* method = "GET")
    {
        far.send(answer);
        return run(method);
    }

    call_result run(const char* method, std::string_view content = "", const fields& with = {})
    {
        request_head head;
        head.method = method;
        head.path = "/x";
        head.authority = "a";
        head.fields = with;
        memory_body body(content);
        call_result out;
        loop.complete(call(upstream, head, body, out));
        return out;
    }

    net::worker loop;
    test::far_side far;
    h1_upstream upstream;

private:
    explicit H1Upstream(std::pair<unique_fd, test::far_side> ends)
        : far(std::move(ends.second)),
          upstream(loop, net::make_stream(loop, std::move(ends.first), test::nowhere()).value(), h1_upstream::limits{})
    {
    }
};

TEST_F(H1Upstream, SendsARequestAndReadsTheResponse)
{
    auto out = get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(far.read_until("\r\n\r\n"), "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(out.body.bytes, "hello");
    EXPECT_FALSE(out.body.reset);
    EXPECT_TRUE(upstream.response_begun());
    EXPECT_TRUE(upstream.reusable());
}

TEST_F(H1Upstream, TakesOneCallAfterAnother)
{
    for (int i = 0; i < 3; ++i) {
        auto out = get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nT: u\r\n\r\n");
        EXPECT_EQ(out.body.bytes, "hi");
        EXPECT_EQ(out.body.trailers, "T=u;");
        ASSERT_TRUE(upstream.reusable());
        EXPECT_EQ(upstream.used_before(), i > 0);
        upstream.park(steady_clock::now());
        EXPECT_FALSE(upstream.response_begun());
    }
}

TEST_F(H1Upstream, FramesItsRequestsByTheirBodies)
{
    struct row {
        const char *method, *content, *request;
    };
    for (auto [method, content, request] : {
             row{"POST", "abc", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"},
             row{"POST", "", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
             row{"PUT", "", "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
             row{"DELETE", "", "DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n"},
             row{"GET", "abc", "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"},
         }) {
        SCOPED_TRACE(request);
        far.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        run(method, content);
        EXPECT_EQ(far.read_exactly(std::string_view(request).size()), request);
        ASSERT_TRUE(upstream.reusable());
        upstream.park({});
    }
}

TEST_F(H1Upstream, ReadsNoBodyWhereNoneCanFollow)
{
    for (auto answer :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        SCOPED_TRACE(answer);
        EXPECT_EQ(get(answer, "HEAD").body.bytes, "");
        EXPECT_TRUE(upstream.reusable());
        upstream.park({});
    }
    for (auto answer : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"}) {
        SCOPED_TRACE(answer);
        EXPECT_EQ(get(answer).body.bytes, "");
        EXPECT_TRUE(upstream.reusable());
        upstream.park({});
    }
}

TEST_F(H1Upstream, IsNotReusableAfterClose)
{
    struct row {
        const char *answer, *body;
    };
    for (auto [answer, body] : {
             row{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", "hi"},
             row{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi"},
             row{"HTTP/1.1 200 OK\r\n\r\nhi until close", "hi until close"},
         }) {
        SCOPED_TRACE(answer);
        auto [ours, other] = test::socket_pair();
        h1_upstream once(loop, net::make_stream(loop, std::move(ours), test::nowhere()).value(), {});
        other.send(answer);
        other.shutdown_write();
        request_head head;
        head.method = "GET";
        head.path = "/";
        memory_body empty;
        call_result out;
        loop.complete(call(once, head, empty, out));
        EXPECT_EQ(out.body.bytes, body);
        EXPECT_FALSE(out.body.reset);
        EXPECT_FALSE(once.reusable());
    }
}

TEST_F(H1Upstream, IsReusableAfterHttp10ThatKeepsAlive)
{
    get("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(upstream.reusable());
}

TEST_F(H1Upstream, IsNotReusableWhereMoreCameThanTheResponse)
{
    auto out = get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(out.body.bytes, "hi");
    EXPECT_FALSE(upstream.reusable()) << "octets of one response never reach another request";
}

TEST_F(H1Upstream, IsNotReusableBeforeItsBodyWasRead)
{
    far.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    auto head_only = [](h1_upstream& to) -> task<void> {
        request_head head;
        head.method = "GET";
        head.path = "/";
        memory_body empty;
        (void)co_await to.send(head, empty);
        (void)co_await to.receive_head();
    };
    loop.complete(head_only(upstream));
    EXPECT_FALSE(upstream.reusable());
}

TEST_F(H1Upstream, PassesInterimHeadsOnBut100)
{
    auto out =
        get("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_EQ(out.interim, (std::vector{103}));
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(out.body.bytes, "hi");
}

TEST_F(H1Upstream, BoundsInterimHeads)
{
    std::string endless;
    for (int i = 0; i < 101; ++i) endless += "HTTP/1.1 103 X\r\n\r\n";
    EXPECT_EQ(get(endless).received, errc::too_many_interim);
    EXPECT_FALSE(upstream.reusable());
}

TEST_F(H1Upstream, RefusesResponsesThatCantBeTrusted)
{
    struct row {
        std::string answer;
        error_code why;
    };
    for (const auto& [answer, why] : {
             row{"HTTP/0.9 garbage\r\n\r\n", errc::bad_status_line},
             row{"<html>hello</html>\r\n\r\n", errc::bad_status_line},
             row{"HTTP/1.1 2OO OK\r\n\r\n", errc::bad_status_line},
             row{"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", errc::bad_line_end},
             row{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", errc::bad_content_length},
             row{"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi", errc::bad_content_length},
             row{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
                 errc::ambiguous_framing},
             row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi", errc::bad_transfer_encoding},
             row{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", errc::bad_field_name},
             row{"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", errc::obsolete_folding},
             row{"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n"s, errc::bad_field_value},
             row{"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", errc::unasked_upgrade},
             row{"HTTP/1.1 200 OK\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n", errc::head_too_large},
             row{"HTTP/1.1 200 OK\r\nContent-Le", errc::cut_short},
             row{"HTTP/1.1 103 X\r\n\r\n", errc::cut_short},
             row{"", errc::cut_short},
         }) {
        SCOPED_TRACE(answer.substr(0, 60));
        auto [ours, other] = test::socket_pair();
        h1_upstream once(loop, net::make_stream(loop, std::move(ours), test::nowhere()).value(), {});
        other.send(answer);
        other.shutdown_write();
        request_head head;
        head.method = "GET";
        head.path = "/";
        memory_body empty;
        call_result out;
        loop.complete(call(once, head, empty, out));
        EXPECT_EQ(out.received, why) << out.received.message();
        EXPECT_FALSE(once.reusable());
        EXPECT_EQ(once.response_begun(), !answer.empty());
    }
}

TEST_F(H1Upstream, TellsACutBodyFromAWholeOne)
{
    struct row {
        const char *answer, *body;
        errc why;
    };
    for (auto [answer, body, why] : {
             row{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "hel", errc::cut_short},
             row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello", errc::cut_short},
             row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "hello", errc::cut_short},
             row{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX", "hello", errc::bad_chunk},
         }) {
        SCOPED_TRACE(answer);
        auto [ours, other] = test::socket_pair();
        h1_upstream once(loop, net::make_stream(loop, std::move(ours), test::nowhere()).value(), {});
        other.send(answer);
        other.shutdown_write();
        request_head head;
        head.method = "GET";
        head.path = "/";
        memory_body empty;
        call_result out;
        loop.complete(call(once, head, empty, out));
        EXPECT_EQ(out.body.bytes, body);
        EXPECT_EQ(out.body.reset, why);
        EXPECT_FALSE(once.reusable());
    }
}

TEST_F(H1Upstream, HandsATunnelOverWithWhatCameEarly)
{
    fields asked;
    asked.add("Upgrade", "websocket");
    far.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nearly");
    auto out = run("GET", "", asked);
    EXPECT_EQ(far.read_until("\r\n\r\n"),
              "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
    EXPECT_EQ(out.status, 101);
    EXPECT_EQ(upstream.take_tunnel().early, "early");
    EXPECT_FALSE(upstream.reusable());
}

TEST_F(H1Upstream, ReadsAnAnswerThatComesBeforeTheRequestIsOut)
{
    // The upstream answers, and takes no more of a request that is larger than the socket.
    far.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    std::string large(8 << 20, 'x');
    request_head head;
    head.method = "POST";
    head.path = "/";
    memory_body body(large);
    call_result out;
    error_code sent;
    auto send = [](h1_upstream& to, const request_head& what, body_source& content, error_code& failure) -> task<void> {
        failure = test::error_of(co_await to.send(what, content));
    };
    auto receive = [](h1_upstream& from, call_result& into) -> task<void> {
        auto come = co_await from.receive_head();
        if (come) into.status = (*come)->status;
        into.body = co_await test::read_whole(from.response_body());
        from.abort();
    };
    auto both = [](net::worker& home, task<void> first, task<void> second) -> task<void> {
        net::task_group group(home);
        group.spawn("send", std::move(first));
        group.spawn("receive", std::move(second));
        co_await group.join();
    };
    loop.complete(both(loop, send(upstream, head, body, sent), receive(upstream, out)));
    EXPECT_EQ(out.status, 413);
    EXPECT_EQ(out.body.bytes, "no");
    EXPECT_TRUE(sent) << "the request did not get out whole";
    EXPECT_FALSE(upstream.reusable());
}

TEST_F(H1Upstream, NeverCompletesARequestWhoseBodyBroke)
{
    request_head head;
    head.method = "POST";
    head.path = "/";
    test::piecewise_body broken({"abc"}, nullptr, errc::cut_short);
    error_code sent;
    auto send = [](h1_upstream& to, const request_head& what, body_source& content, error_code& failure) -> task<void> {
        failure = test::error_of(co_await to.send(what, content));
        to.abort();
    };
    loop.complete(send(upstream, head, broken, sent));
    EXPECT_EQ(sent, errc::upstream_failed);
    EXPECT_EQ(far.read_to_end(), "POST / HTTP/1.1\r\nHost: \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
}

TEST_F(H1Upstream, LosesPatienceWithASilentUpstream)
{
    auto [ours, other] = test::socket_pair();
    h1_upstream impatient(loop, net::make_stream(loop, std::move(ours), test::nowhere()).value(),
                          h1_upstream::limits{});
    impatient.use({.first_byte_timeout = 100ms});
    request_head head;
    head.method = "GET";
    head.path = "/";
    memory_body empty;
    call_result out;
    loop.complete(call(impatient, head, empty, out));
    EXPECT_EQ(out.received, net::errc::timed_out);
    EXPECT_FALSE(impatient.response_begun());
}

TEST_F(H1Upstream, LosesPatienceInTheMiddleOfABody)
{
    auto [ours, other] = test::socket_pair();
    h1_upstream impatient(loop, net::make_stream(loop, std::move(ours), test::nowhere()).value(),
                          h1_upstream::limits{});
    impatient.use({.between_bytes_timeout = 100ms});
    other.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
    request_head head;
    head.method = "GET";
    head.path = "/";
    memory_body empty;
    call_result out;
    loop.complete(call(impatient, head, empty, out));
    EXPECT_EQ(out.body.bytes, "hel");
    EXPECT_EQ(out.body.reset, net::errc::timed_out);
}

}  // namespace
}  // namespace lintel::http
