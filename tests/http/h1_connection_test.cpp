#include "http/h1_connection.hpp"

#include "http/error.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace lintel::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

response_head head_of(int status)
{
    response_head head;
    head.status = status;
    return head;
}

/// Says back what it was asked: "METHOD path?query host|body|trailers".
task<void> answer_echo(exchange& client)
{
    const auto& head = client.request();
    auto text = std::string(head.method) + ' ' + std::string(head.path) + std::string(head.query) + ' ' + head.host;
    auto body = co_await test::read_whole(client.body());
    text += '|' + body.bytes + '|' + body.trailers;
    if (body.reset) co_return client.abort();
    memory_body content(text);
    (void)co_await client.respond(head_of(200), content);
}

task<void> answer_in_pieces(exchange& client, error_code broken)
{
    fields trailers;
    trailers.add("X-Sum", "1");
    test::piecewise_body content({"one", "two"}, &trailers, broken);
    (void)co_await client.respond(head_of(200), content);
}

task<void> answer_early(exchange& client)
{
    memory_body content("no");
    (void)co_await client.respond(head_of(403), content);
}

task<void> answer_without_body(exchange& client, int status)
{
    auto head = head_of(status);
    head.fields.add("Content-Length", "1234");
    memory_body content("never sent");
    (void)co_await client.respond(head, content);
}

task<void> answer_after_hint(exchange& client)
{
    auto hint = head_of(103);
    hint.fields.add("Link", "</a>");
    (void)co_await client.inform(hint);
    co_await answer_early(client);
}

task<void> echo_once(tunnel_end client)
{
    auto text = "early:" + client.early;
    (void)co_await client.stream->write_all(text);
    std::array<std::byte, 100> some;
    auto count = co_await client.stream->read_some(some);
    if (count) (void)co_await client.stream->write_all({reinterpret_cast<const char*>(some.data()), *count});
}

task<void> answer_tunnel(exchange& client)
{
    auto head = head_of(101);
    head.fields.add("Upgrade", "websocket");
    (void)co_await client.accept_tunnel(head, echo_once);
}

task<void> answer(exchange& client)
{
    auto path = client.request().path;
    if (path == "/pieces") return answer_in_pieces(client, {});
    if (path == "/broken") return answer_in_pieces(client, errc::cut_short);
    if (path == "/early") return answer_early(client);
    if (path == "/204") return answer_without_body(client, 204);
    if (path == "/304") return answer_without_body(client, 304);
    if (path == "/hint") return answer_after_hint(client);
    if (path == "/tunnel") return answer_tunnel(client);
    if (path == "/nothing") return [](exchange&) -> task<void> { co_return; }(client);
    return answer_echo(client);
}

task<void> serve(h1_connection& connection)
{
    co_await connection.serve(answer);
    if (auto tunnel = connection.take_tunnel()) co_await tunnel->keeper(std::move(tunnel->client));
}

/// A connection served on a thread of its own, with the test as its client.
class H1Connection : public testing::Test {
protected:
    H1Connection() : H1Connection(test::socket_pair()) {}
    ~H1Connection() override
    {
        client.close();
        if (thread_.joinable()) thread_.join();
    }

    void start(const connection_limits& limits = {}, std::size_t most_heads = 10)
    {
        std::promise<void> running;
        thread_ = std::thread([this, limits, most_heads, &running] {
            net::worker loop;
            connection_book book(most_heads);
            h1_connection connection(loop, net::make_stream(loop, std::move(ours_), test::nowhere()).value(), limits,
                                     book);
            loop_ = &loop;
            book_ = &book;
            connection_ = &connection;
            loop.post([&] { running.set_value(); });
            loop.complete(serve(connection));
        });
        running.get_future().wait();
    }

    /// Runs on the connection's own thread.
    void on_worker(const std::function<void(h1_connection&)>& what)
    {
        std::promise<void> done;
        loop_->post([&] {
            what(*connection_);
            done.set_value();
        });
        done.get_future().wait();
    }

    /// Returns when the worker has taken up what was sent.
    void wait_until_busy()
    {
        for (bool idle = true; idle;) {
            on_worker([&](h1_connection&) { idle = book_->size(connection_book::phase::exchange) == 0; });
        }
    }

    /// One response with Content-Length, whole.
    std::string response()
    {
        auto head = client.read_until("\r\n\r\n");
        auto at = head.find("Content-Length: ");
        return head + (at == head.npos ? "" : client.read_exactly(std::stoul(head.substr(at + 16))));
    }

    test::far_side client;
    connection_book* book_ = nullptr;

private:
    explicit H1Connection(std::pair<unique_fd, test::far_side> ends)
        : client(std::move(ends.second)), ours_(std::move(ends.first))
    {
    }

    unique_fd ours_;
    net::worker* loop_ = nullptr;
    h1_connection* connection_ = nullptr;
    std::thread thread_;
};

std::string ok(const std::string& body)
{
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(H1Connection, KeepsAliveInHttp11)
{
    start();
    for (int i = 0; i < 3; ++i) {
        client.send("GET /a//b?c HTTP/1.1\r\nHost: A.example:80\r\n\r\n");
        EXPECT_EQ(response(), ok("GET /a/b?c a.example||"));
    }
    client.shutdown_write();
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, AnswersPipelinedRequestsInOrder)
{
    start();
    client.send(
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n"
        "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /5 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /1 a||"));
    EXPECT_EQ(response(), ok("POST /2 a|abc|"));
    EXPECT_EQ(response(), ok("POST /3 a|x|T=u;"));
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nGET /4 a||")
        << "and nothing after close was said";
}

TEST_F(H1Connection, ReadsRequestsThatComeByteByByte)
{
    start();
    for (char c : "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"s)
        client.send({&c, 1});
    EXPECT_EQ(response(), ok("POST /x a|abc|"));
}

TEST_F(H1Connection, SkipsOneEmptyLineBeforeARequest)
{
    start();
    client.send("\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /1 a||"));
    EXPECT_EQ(response(), ok("GET /2 a||"));
}

TEST_F(H1Connection, ClosesWhereTheClientAsks)
{
    start();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nGET / a||");
}

TEST_F(H1Connection, ClosesAfterHttp10)
{
    start();
    client.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\nGET / ||");
}

TEST_F(H1Connection, KeepsAliveInHttp10WhereAsked)
{
    start();
    for (int i = 0; i < 2; ++i) {
        client.send("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n");
        EXPECT_EQ(response(), "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 9\r\n\r\nGET / a||");
    }
}

TEST_F(H1Connection, SendsBodiesOfUnknownLengthInChunks)
{
    start();
    client.send("GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\nX-Sum: 1\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nX-Sum: 1\r\n\r\n");
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /x a||")) << "the connection goes on";
}

TEST_F(H1Connection, SendsBodiesOfUnknownLengthToHttp10UntilClose)
{
    start();
    client.send("GET /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo");
}

TEST_F(H1Connection, NeverCompletesABrokenResponse)
{
    start();
    client.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n");
}

TEST_F(H1Connection, AbortsWhatItsHandlerLeftUnanswered)
{
    start();
    client.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, AnswersHeadWithoutBody)
{
    start();
    client.send(
        "HEAD /pieces HTTP/1.1\r\nHost: a\r\n\r\nHEAD /304 HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: "
        "a\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /x a||"));
}

TEST_F(H1Connection, SendsNoBodyWith204And304)
{
    start();
    client.send(
        "GET /204 HTTP/1.1\r\nHost: a\r\n\r\nGET /304 HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /x a||"));
}

TEST_F(H1Connection, SendsInterimResponses)
{
    start();
    client.send("GET /hint HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    EXPECT_EQ(response(), "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    client.send("GET /hint HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        << "HTTP/1.0 doesn't know them";
}

TEST_F(H1Connection, SaysContinueToAClientThatWaits)
{
    start();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    EXPECT_EQ(response(), ok("POST /x a|abc|"));
}

TEST_F(H1Connection, SaysNoContinueWhereTheBodyIsThereAlready)
{
    start();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(response(), ok("POST /x a|abc|"));
}

TEST_F(H1Connection, SaysNoContinueToHttp10OrWithoutABody)
{
    start();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /x a||"));
    client.send("POST /x HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    wait_until_busy();
    client.send("abc");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\nPOST /x |abc|");
}

TEST_F(H1Connection, ClosesAfterAnEarlyAnswerToAClientThatWaits)
{
    start();
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_TRUE(client.read_until("no").starts_with("HTTP/1.1 403 Forbidden\r\n")) << "no 100 before it";
    client.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "") << "what follows might be the body: never a request";
}

TEST_F(H1Connection, ReadsPastAShortBodyThatNobodyWanted)
{
    start();
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n");
    EXPECT_EQ(response(), "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    client.send("GET /inner HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    auto next = response();
    EXPECT_EQ(next.find("inner"), next.npos) << next;
}

TEST_F(H1Connection, ClosesInsteadOfReadingALongBodyThatNobodyWanted)
{
    start();
    client.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    EXPECT_TRUE(client.read_until("no").starts_with("HTTP/1.1 403 Forbidden\r\n"));
    while (client.send(std::string(16 * 1024, 'x'))) {
    }
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, AbortsWhereTheRequestBodyIsCutShort)
{
    start();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nabc");
    client.shutdown_write();
    EXPECT_EQ(client.read_to_end(), "") << "the echo would have said what it read";
}

TEST_F(H1Connection, RefusesMalformedRequestsAndCloses)
{
    struct row {
        std::string request;
        const char* status;
    };
    for (const auto& [request, status] : {
             row{"nonsense\r\n\r\n", "400 Bad Request"},
             row{"GET / HTTP/1.1\nHost: a\n\n", "400 Bad Request"},
             row{"GET / HTTP/1.1\r\n\r\n", "400 Bad Request"},
             row{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400 Bad Request"},
             row{"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", "400 Bad Request"},
             row{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 "400 Bad Request"},
             row{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 Bad Request"},
             row{"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", "400 Bad Request"},
             row{"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "405 Method Not Allowed"},
             row{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505 HTTP Version Not Supported"},
             row{"POST / HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\n\r\n", "417 Expectation Failed"},
             row{"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414 URI Too Long"},
             row{"GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n",
                 "431 Request Header Fields Too Large"},
             row{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 HTTP Version Not Supported"},
             row{"\x16\x03\x01\x02\n", "400 Bad Request"},
         }) {
        SCOPED_TRACE(request.substr(0, 80));
        auto [ours, far] = test::socket_pair();
        std::thread served([end = std::move(ours)]() mutable {
            net::worker loop;
            connection_limits limits;
            connection_book book;
            h1_connection connection(loop, net::make_stream(loop, std::move(end), test::nowhere()).value(), limits,
                                     book);
            loop.complete(connection.serve(answer));
        });
        far.send(request + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        far.shutdown_write();
        auto all = far.read_to_end();
        served.join();
        EXPECT_TRUE(all.starts_with("HTTP/1.1 " + std::string(status) + "\r\n")) << all;
        EXPECT_NE(all.find("\r\nLintel-Reason: bad-request\r\n"), all.npos) << all;
        EXPECT_NE(all.find("\r\nConnection: close\r\n"), all.npos) << all;
        EXPECT_EQ(all.find("/next"), all.npos) << all;
    }
}

TEST_F(H1Connection, RefusesInTheFormThatThisMessageAsksFor)
{
    struct row {
        const char *request, *type;
        bool has_body;
    };
    for (auto [request, type, has_body] : {
             row{"POST / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nExpect: coffee\r\n\r\n", "text/html", true},
             row{"HEAD / HTTP/1.1\r\nHost: a\r\nExpect: coffee\r\n\r\n", "text/plain", false},
             row{"HEAD / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\nBAD\r\n\r\n", "text/plain", true},
             row{"HEAD / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\nBAD\nLINE\r\n\r\n", "text/plain", true},
         }) {
        SCOPED_TRACE(request);
        auto [ours, far] = test::socket_pair();
        std::thread served([end = std::move(ours)]() mutable {
            net::worker loop;
            connection_limits limits;
            connection_book book;
            h1_connection connection(loop, net::make_stream(loop, std::move(end), test::nowhere()).value(), limits,
                                     book);
            loop.complete(connection.serve(answer_early));
        });
        far.send(request);
        far.shutdown_write();
        auto all = far.read_to_end();
        served.join();
        auto refusal = all.substr(all.rfind("HTTP/1.1 4"));
        EXPECT_TRUE(refusal.contains("\r\nLintel-Reason: bad-request\r\n")) << all;
        EXPECT_TRUE(refusal.contains("\r\nContent-Type: " + std::string(type))) << all;
        EXPECT_TRUE(refusal.contains("\r\nContent-Length: ")) << all;
        EXPECT_EQ(!refusal.ends_with("\r\n\r\n"), has_body) << all;
    }
}

TEST_F(H1Connection, SaysNothingToAClientThatOnlyWentAway)
{
    start();
    client.send("GET / HTTP/1.1\r\nHos");
    client.shutdown_write();
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, EndsAHeadThatTakesTooLong)
{
    connection_limits limits;
    limits.options.head_timeout = 150ms;
    start(limits);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST_F(H1Connection, SaysNothingToAClientThatNeverBegan)
{
    connection_limits limits;
    limits.options.head_timeout = 150ms;
    start(limits);
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, EndsAConnectionThatIdlesTooLong)
{
    connection_limits limits;
    limits.options.idle_timeout = 150ms;
    start(limits);
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /x a||"));
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, LeavesOnlyWhileItIsIdle)
{
    start();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    wait_until_busy();
    on_worker([](h1_connection& connection) { EXPECT_FALSE(connection.leave_if_idle()); });
    client.send("bc");
    EXPECT_TRUE(response().starts_with("HTTP/1.1 200 OK\r\n"));
    for (bool left = false; !left;) on_worker([&](h1_connection&) { left = book_->shed_idle(5) == 1; });
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, IsCutWhereTooManyHeadsAreOnTheirWay)
{
    start({}, 0);
    client.send("GET / HT");
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, DrainsAnIdleConnectionAtOnce)
{
    start();
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(response(), ok("GET /x a||"));
    on_worker([](h1_connection& connection) { connection.drain(); });
    EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(H1Connection, DrainsABusyConnectionAfterItsResponse)
{
    start();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
    wait_until_busy();
    on_worker([](h1_connection& connection) { connection.drain(); });
    client.send("bc");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 14\r\n\r\nPOST /x a|abc|");
}

TEST_F(H1Connection, StillAnswersTheFirstRequestOfAFreshConnectionThatDrains)
{
    start();
    on_worker([](h1_connection& connection) { connection.drain(); });
    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\nGET /x a||");
}

TEST_F(H1Connection, HandsATunnelOverWithWhatCameEarly)
{
    start();
    client.send("GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
    EXPECT_EQ(client.read_until("\r\n\r\n"),
              "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
    EXPECT_EQ(client.read_until("first"), "early:first");
    client.send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(client.read_to_end(), "GET / HTTP/1.1\r\n\r\n") << "bytes, no longer requests";
}

}  // namespace
}  // namespace lintel::http
