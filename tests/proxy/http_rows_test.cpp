// Each row of docs/http.md, in one process: a client's bytes go in on one side of a connection, what would go upstream
// and what the client gets come out on the other. tools/check_http_rows.py sees to it that no row is forgotten.

#include "http/error.hpp"
#include "http/h1_connection.hpp"
#include "http/h1_upstream.hpp"
#include "http/h1_writer.hpp"
#include "proxy/forward.hpp"
#include "proxy/forward_fields.hpp"
#include "proxy/own_reply.hpp"
#include "proxy/route_policy.hpp"
#include "proxy/worker_state.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace lintel::proxy {
namespace {

using namespace std::string_literals;

/// Everything that we write into every request, so that a table need not repeat it.
std::string without_ours(std::string head)
{
    for (std::string_view ours : {"X-Forwarded-For: ", "X-Forwarded-Proto: ", "X-Forwarded-Host: ",
                                  "X-Forwarded-Port: ", "X-Real-IP: ", "X-Request-Id: "}) {
        auto at = head.find(ours);
        if (at != head.npos) head.erase(at, head.find("\r\n", at) + 2 - at);
    }
    return head;
}

/// A request in its written form, as an upstream would get it.
task<std::string> written_upstream(http::exchange& client, forwarded_request& made)
{
    auto body = co_await test::read_whole(client.body());
    if (body.reset) co_return "cut";
    auto length = client.body().length();
    auto how = length ? http::framing{*length > 0 ? http::framing::kind::length : http::framing::kind::none, *length}
                      : http::framing{http::framing::kind::chunked, 0};
    std::string out;
    http::write_request_head(out, made.head(), how, made.is_websocket() ? "upgrade" : "");
    co_return without_ours(out) + body.bytes + (body.trailers.empty() ? "" : "|" + body.trailers);
}

/// One connection, as a worker with these settings serves it. Every request that may be forwarded is answered 200.
class served_connection {
public:
    explicit served_connection(const settings& what)
    {
        auto [ours, far] = test::socket_pair();
        client_.emplace(std::move(far));
        thread_ = std::thread([this, what, end = std::move(ours)]() mutable {
            net::worker loop;
            admission door({1, 1, {}});
            table_cell tables(std::make_shared<route_table>());
            tls::store_cell certificates(std::make_shared<tls::store>());
            worker_state worker(loop, 0, what, door, tables, certificates, nullptr, {}, {}, {});
            worker_ = &worker;
            http::h1_connection connection(loop, net::make_stream(loop, std::move(end), test::nowhere()).value(),
                                           worker.limits[0], worker.clients);
            loop.complete(connection.serve([this](http::exchange& client) { return answer(client); }));
        });
    }
    served_connection(const served_connection&) = delete;
    ~served_connection() { end(); }

    test::far_side& client() { return *client_; }

    /// Ends the connection; then what went upstream, request by request.
    std::vector<std::string> upstream()
    {
        end();
        return upstream_;
    }

private:
    void end()
    {
        client_->close();
        if (thread_.joinable()) thread_.join();
    }

    task<void> answer(http::exchange& client)
    {
        const auto& options = worker_->limits[0].options;
        access_record record{};
        route everything;
        everything.rule = model::parse_rule("PathPrefix(`/`)").value();
        if (auto refused = refused_by(everything, options, client); refused != fault::none)
            co_return co_await reply_with(client, verdict_of(refused), "", record);
        if (forwards_left(client.request()).value() == 0) co_return co_await answer_last_hop(client, record);
        if (client.request().path == "/unread") {
            upstream_.emplace_back("unread");
        } else {
            forwarded_request made(client, *worker_, "");
            endpoint target("e", {.host = "10.0.0.2", .port = 80, .source = ""}, 1);
            made.address_to(target, true, options.path_as_is);
            auto text = co_await written_upstream(client, made);
            upstream_.push_back(text);
            if (text == "cut") co_return client.abort();
        }
        http::response_head head;
        head.status = 200;
        http::memory_body body("ok");
        (void)co_await client.respond(head, body);
    }

    std::optional<test::far_side> client_;
    worker_state* worker_ = nullptr;
    std::vector<std::string> upstream_;
    std::thread thread_;
};

struct request_row {
    const char* row;
    std::string sent;
    std::string status;                 ///< of the first answer; "cut": none at all
    std::vector<std::string> upstream;  ///< what went there
    settings what{};
};

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n", post = "POST / HTTP/1.1\r\nHost: a\r\n";
const std::string plain = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string chunked = post + "Transfer-Encoding: chunked\r\n\r\n";

std::string repeated(std::string_view text, int times)
{
    std::string all;
    while (times-- > 0) all += text;
    return all;
}

std::string target(const std::string& written) { return "GET " + written + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string coded(const std::string& body) { return chunked + body; }
std::string uploaded(const std::string& body, const std::string& trailers = "")
{
    return chunked + body + (trailers.empty() ? "" : "|" + trailers);
}

template <class Change>
settings with(Change change)
{
    settings what;
    what.entrypoints = {{"http", ":80", false, 0, {}}};
    change(what);
    return what;
}
const auto as_is = with([](settings& s) { s.http.path_as_is = true; });
const auto traced = with([](settings& s) { s.http.allow_trace = true; });

std::vector<request_row> request_rows()
{
    std::vector<request_row> rows{
        {"line.plain", target("/a?b"), "200", {target("/a?b")}},
        {"line.blank-before", "\r\n" + plain, "200", {plain}},
        {"line.blanks-before", "\r\n\r\n" + plain, "400", {}},
        {"line.version-1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", "200", {plain}},
        {"line.version-minor", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "200", {plain}},
        {"line.method-unknown", "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n", "200", {"PURGE / HTTP/1.1\r\nHost: a\r\n\r\n"}},
        {"line.method-unknown", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "200", {"get / HTTP/1.1\r\nHost: a\r\n\r\n"}},
        {"line.method-long", std::string(33, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n", "501", {}},
        {"target.origin", target("/a/b?c"), "200", {target("/a/b?c")}},
        {"target.absolute",
         "GET http://b.example/x HTTP/1.1\r\nHost: a\r\n\r\n",
         "200",
         {"GET /x HTTP/1.1\r\nHost: b.example\r\n\r\n"}},
        {"target.absolute",
         "GET HTTPS://b?q HTTP/1.1\r\nHost: a\r\n\r\n",
         "200",
         {"GET /?q HTTP/1.1\r\nHost: b\r\n\r\n"}},
        {"target.asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "200", {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"}},
        {"target.asterisk-absolute",
         "OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n",
         "200",
         {"OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n"}},
        {"target.asterisk-absolute",
         "OPTIONS http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
         "200",
         {"OPTIONS / HTTP/1.1\r\nHost: b\r\n\r\n"}},
        {"target.asterisk-other", target("*"), "400", {}},
        {"target.trace", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "405", {}},
        {"target.trace", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "200", {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"}, traced},
        {"target.trace-body", "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "400", {}, traced},
        {"target.max-forwards",
         "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 2\r\n\r\n",
         "200",
         {"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\n\r\n"}},
        {"target.max-forwards", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", "200", {}},
        {"target.max-forwards", "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", "200", {}, traced},
        {"target.max-forwards", "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: x\r\n\r\n", "400", {}},
        {"target.max-forwards",
         "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1\r\nMax-Forwards: 1\r\n\r\n",
         "400",
         {}},
        {"target.max-forwards", get + "Max-Forwards: 0\r\n\r\n", "200", {get + "Max-Forwards: 0\r\n\r\n"}},
        {"target.long", target("/" + std::string(8200, 'a')), "414", {}},
        {"path.unreserved", target("/%61%2D"), "200", {target("/a-")}},
        {"path.hex-case", target("/%c3%a9"), "200", {target("/%C3%A9")}},
        {"path.dots", target("/a/%2e%2E/../b/./c"), "200", {target("/b/c")}},
        {"path.slashes", target("//a///b"), "200", {target("/a/b")}},
        {"path.encoded-slash", target("/a%2fb%5cc"), "200", {target("/a%2Fb%5Cc")}},
        {"path.as-is", target("/a%2f//%61"), "200", {target("/a%2f//%61")}, as_is},
        {"host.missing", "GET / HTTP/1.1\r\n\r\n", "400", {}},
        {"host.missing-1.0", "GET / HTTP/1.0\r\n\r\n", "200", {"GET / HTTP/1.1\r\nHost: \r\n\r\n"}},
        {"host.doubled", get + "Host: a\r\n\r\n", "400", {}},
        {"host.forms",
         "GET / HTTP/1.1\r\nHost: A.Example.:8080\r\n\r\n",
         "200",
         {"GET / HTTP/1.1\r\nHost: A.Example.:8080\r\n\r\n"}},
        {"host.forms", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "200", {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"}},
        {"field.value-space", get + "X: \t y z \t\r\n\r\n", "200", {get + "X: y z\r\n\r\n"}},
        {"field.value-obs-text", get + "X: caf\xE9\r\n\r\n", "200", {get + "X: caf\xE9\r\n\r\n"}},
        {"field.underscore", get + "X_A: 1\r\nY: 2\r\n\r\n", "200", {get + "Y: 2\r\n\r\n"}},
        {"field.underscore",
         get + "X_A: 1\r\nX_Forwarded_For: 2\r\n\r\n",
         "200",
         {get + "X_A: 1\r\n\r\n"},
         with([](settings& s) { s.head.underscores = http::underscores::pass; })},
        {"field.underscore", get + "X_A: 1\r\n\r\n", "400", {}, with([](settings& s) {
             s.head.underscores = http::underscores::reject;
         })},
        {"field.proxy", get + "Proxy: http://evil\r\n\r\n", "200", {plain}},
        {"field.size", get + "X: " + std::string(40000, 'x') + "\r\n\r\n", "431", {}},
        {"hop.connection", get + "Connection: X-A, close\r\nX-A: 1\r\nX-B: 2\r\n\r\n", "200", {get + "X-B: 2\r\n\r\n"}},
        {"hop.connection-many", get + "Connection: x" + repeated(",x", 64) + "\r\n\r\n", "400", {}},
        {"hop.connection-many", get + "Connection: x" + repeated(",x", 63) + "\r\n\r\n", "200", {get + "\r\n"}},
        {"hop.connection-framing",
         post + "Connection: Content-Length, Host\r\nContent-Length: 2\r\n\r\nhi",
         "200",
         {post + "Content-Length: 2\r\n\r\nhi"}},
        {"hop.te-trailers", get + "TE: gzip, trailers\r\n\r\n", "200", {get + "TE: trailers\r\n\r\n"}},
        {"hop.pipeline", target("/1") + target("/2"), "200", {target("/1"), target("/2")}},
        {"framing.length", post + "Content-Length: 003\r\n\r\nabc", "200", {post + "Content-Length: 3\r\n\r\nabc"}},
        {"framing.both", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", {}},
        {"framing.chunked", post + "transfer-encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "200", {uploaded("abc")}},
        {"framing.coding-1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", {}},
        {"framing.none", post + "\r\n" + plain, "200", {post + "\r\n", plain}},
        {"framing.over-limit", post + "Content-Length: 3\r\n\r\nabc" + plain, "413", {}, with([](settings& s) {
             s.http.body_limit = 2;
         })},
        {"chunk.size", coded("00A\r\n0123456789\r\n0\r\n\r\n"), "200", {uploaded("0123456789")}},
        {"chunk.extension", coded("3;a=b ;c=\"d;\\\"\"\r\nabc\r\n0;x\r\n\r\n"), "200", {uploaded("abc")}},
        {"chunk.trailer", coded("0\r\nX-Sum: 1\r\n\r\n"), "200", {uploaded("", "X-Sum=1;")}},
        {"expect.continue",
         post + "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
         "200",
         {post + "Content-Length: 1\r\n\r\nx"}},
        {"expect.other", post + "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", "417", {}},
        {"expect.other", post + "Expect: 100-continue\r\nExpect: x\r\nContent-Length: 1\r\n\r\nx", "417", {}},
        {"expect.none", get + "Expect: 100-continue\r\n\r\n", "200", {plain}},
        {"expect.none", "GET / HTTP/1.0\r\nHost: a\r\nExpect: x\r\n\r\n", "200", {plain}},
        {"upgrade.websocket",
         get + "Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n",
         "200",
         {get + "Upgrade: websocket\r\nConnection: upgrade\r\n\r\n"}},
    };
    auto refused = [&](const char* row, const std::vector<std::string>& all, const std::string& status = "400",
                       const settings& what = {}) {
        for (const auto& each : all) rows.push_back({row, each, status, {}, what});
    };
    auto end = "\r\nHost: a\r\n\r\n"s;
    refused("line.separators", {"GET  / HTTP/1.1" + end, "GET\t/ HTTP/1.1" + end, " GET / HTTP/1.1" + end,
                                "GET / HTTP/1.1 " + end, "GET /  HTTP/1.1" + end, "GET / x HTTP/1.1" + end});
    refused("line.missing-part", {"GET /" + end, "GET" + end, "GET HTTP/1.1" + end});
    refused("line.method-token", {"G(T / HTTP/1.1" + end, "G\0T / HTTP/1.1"s + end, "G\xC3\x89T / HTTP/1.1" + end});
    refused("line.version-major", {"GET / HTTP/2.0" + end, "GET / HTTP/0.9" + end, "GET / HTTP/3.1" + end}, "505");
    refused("line.version-malformed", {"GET / http/1.1" + end, "GET / HTTP/1." + end, "GET / HTTP/11" + end,
                                       "GET / HTTP/1.10" + end, "GET / ICY/1.1" + end});
    refused("target.absolute-host", {"GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n", "GET http://b/ HTTP/1.1\r\n\r\n",
                                     "GET http://b/ HTTP/1.1\r\nHost: b\r\nHost: b\r\n\r\n"});
    refused("target.absolute-scheme", {target("ftp://b/"), target("http:///x"), target("http://u:p@b/"),
                                       target("http://"), target("http://b:x/")});
    refused("target.authority", {target("a.example:80"), target("a/b")});
    refused("target.connect", {"CONNECT a:443 HTTP/1.1" + end, "CONNECT / HTTP/1.1" + end}, "405");
    refused("target.octets",
            {target("/a#b"), target("/a\x01"), target("/caf\xC3\xA9"), target("/a\\b"), target("/\x7f")});
    refused("target.escape-broken", {target("/%"), target("/%4"), target("/%zz"), target("/%u0041")});
    refused("target.escape-control", {target("/%00"), target("/a%0D%0Ab"), target("/%7f")});
    refused("path.encoded-slash-refused", {target("/a%2fb"), target("/a%5Cb"), target("/%2f/../b")}, "400",
            with([](settings& s) { s.http.reject_encoded_slashes = true; }));
    refused("path.as-is-dots", {target("/a/../b"), target("/a/%2e%2E/b"), target("/./b"), target("/a/..")}, "400",
            as_is);
    for (const char* host : {"", "a, b", "a/b", "u@a", "a b", "a:x", "a:65536", "[::1", "a:1:2"})
        refused("host.invalid", {"GET / HTTP/1.1\r\nHost: "s + host + "\r\n\r\n"});
    refused("field.bare-lf", {"GET / HTTP/1.1\nHost: a\r\n\r\n", get + "X: y\nZ: w\r\n\r\n", get + "\n"});
    refused("field.bare-cr", {get + "X: y\rZ: w\r\n\r\n", "GET /\r HTTP/1.1" + end, get + "X: y\r\r\n\r\n"});
    refused("field.obs-fold", {get + "X: y\r\n z\r\n\r\n", get + "\tX: y\r\n\r\n"});
    refused("field.space-before-colon", {get + "X : y\r\n\r\n", get + "Content-Length\t: 0\r\n\r\n"});
    refused("field.name", {get + ": y\r\n\r\n", get + "X\r\n\r\n", get + "X(y): z\r\n\r\n", get + "X\0: z\r\n\r\n"s});
    refused("field.value-control", {get + "X: \0\r\n\r\n"s, get + "X: a\x7f\r\n\r\n", get + "X: \x1b[0m\r\n\r\n"});
    std::string many = get;
    for (int i = 0; i < 100; ++i) many += "X: y\r\n";
    refused("field.count", {many + "\r\n"}, "431");
    for (const char* lengths : {"3\r\nContent-Length: 3", "3\r\nContent-Length: 4", "3, 3", "3,4"})
        refused("framing.length-doubled", {post + "Content-Length: " + lengths + "\r\n\r\nabc"});
    for (const char* length : {"+3", "-3", "3 3", "0x3", "", "3a", "9223372036854775808", "18446744073709551619", "３"})
        refused("framing.length-malformed", {post + "Content-Length: " + length + "\r\n\r\nabc"});
    for (const char* coding : {"gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked;q=1", "xchunked",
                               "\"chunked\"", "", "identity", "chunked\r\nTransfer-Encoding: chunked", "chunked,"})
        refused("framing.coding-other", {post + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n"});
    for (const char* method : {"GET", "HEAD", "DELETE"}) {
        auto head = method + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"s;
        rows.push_back({"framing.any-method", head, "200", {head}});
    }
    for (const char* name :
         {"Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "TE", "Upgrade", "HTTP2-Settings"})
        rows.push_back({"hop.always", get + name + ": x\r\n\r\n", "200", {plain}});
    auto cut = [&](const char* row, const std::vector<std::string>& bodies) {
        for (const auto& each : bodies) rows.push_back({row, coded(each), "cut", {"cut"}});
    };
    cut("chunk.size-malformed", {"+3\r\nabc\r\n", "-3\r\nabc\r\n", "0x3\r\nabc\r\n", " 3\r\nabc\r\n", "3 \r\nabc\r\n",
                                 "\r\nabc\r\n", "g\r\n", "3_0\r\n"});
    cut("chunk.size-overflow", {"8000000000000000\r\n", "FFFFFFFFFFFFFFFF\r\n", "00000000000000003\r\nabc\r\n"});
    cut("chunk.extension-long", {"3;" + std::string(5000, 'x') + "\r\nabc\r\n"});
    cut("chunk.line-end", {"3\nabc\r\n", "3;a\nabc\r\n", "3\r\nabc\n0\r\n", "3;\ra\r\nabc\r\n"});
    cut("chunk.data-end", {"3\r\nabcd\r\n", "3\r\nabcXX0\r\n\r\n"});
    cut("chunk.trailer-malformed",
        {"0\r\nX : y\r\n\r\n", "0\r\n fold\r\n\r\n", "0\r\nX: \0\r\n\r\n"s, "0\r\nX: y\n\r\n"});
    cut("chunk.trailer-long", {"0\r\nX: " + std::string(17000, 'x') + "\r\n\r\n"});
    return rows;
}

TEST(HttpRows, OfRequests)
{
    for (auto& row : request_rows()) {
        SCOPED_TRACE(row.row + ": "s + testing::PrintToString(row.sent.substr(0, 200)));
        if (row.what.entrypoints.empty()) row.what.entrypoints = {{"http", ":80", false, 0, {}}};
        served_connection connection(row.what);
        // What is smuggled in behind a refused request must never be taken for one.
        bool refused = row.status != "200";
        connection.client().send(row.sent + (refused ? target("/smuggled") : ""));
        connection.client().shutdown_write();
        auto got = connection.client().read_to_end();
        if (got.starts_with("HTTP/1.1 100 Continue\r\n\r\n")) got.erase(0, 25);
        bool closes = refused && row.row != "target.trace"s;
        EXPECT_EQ(row.status == "cut" ? got : got.substr(0, 12), row.status == "cut" ? "" : "HTTP/1.1 " + row.status);
        if (closes && row.status != "cut") EXPECT_NE(got.find("\r\nConnection: close\r\n"), got.npos) << got;
        auto upstream = connection.upstream();
        if (refused && !closes) upstream.pop_back();  // the next request is served as ever
        EXPECT_EQ(upstream, row.upstream);
    }
}

TEST(HttpRows, OfConnectionsThatGoOn)
{
    auto what = with([](settings& s) { s.http.requests_per_connection = 4; });
    served_connection connection(what);
    auto& client = connection.client();
    auto answer = [&] { return client.read_until("\r\n\r\n") + client.read_exactly(2); };
    {
        SCOPED_TRACE("framing.unread");
        client.send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + target("/2"));
        EXPECT_EQ(answer().find("Connection"), std::string::npos);
        EXPECT_EQ(answer().find("Connection"), std::string::npos);
    }
    {
        SCOPED_TRACE("answer.early");
        client.send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(answer().find("Connection"), std::string::npos);
        client.send("abc");
    }
    {
        SCOPED_TRACE("hop.requests");
        client.send(target("/3") + target("/4"));
        EXPECT_NE(answer().find("\r\nConnection: close\r\n"), std::string::npos);
        EXPECT_EQ(client.read_to_end(), "");
    }
    EXPECT_EQ(connection.upstream(), (std::vector<std::string>{"unread", target("/2"), "unread", target("/3")}));
}

TEST(HttpRows, OfConnectionsThatClose)
{
    for (const auto& [row, sent] : {
             std::pair{"hop.close", get + "Connection: close\r\n\r\n" + target("/next")},
             std::pair{"line.version-1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n" + target("/next")},
             std::pair{"framing.unread", "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\nabc"s},
             std::pair{"expect.unread",
                       "POST /unread HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"s},
             std::pair{"framing.cut", post + "Content-Length: 5\r\n\r\nabc"},
             std::pair{"framing.cut", coded("5\r\nabc")},
         }) {
        SCOPED_TRACE(row);
        served_connection connection(with([](settings&) {}));
        connection.client().send(sent);
        if (row == "framing.cut"s) connection.client().shutdown_write();
        auto got = connection.client().read_to_end();
        EXPECT_EQ(got.find("100 Continue"), got.npos) << got;
        EXPECT_EQ(got.find("(silence)"), got.npos) << got;
        auto upstream = connection.upstream();
        ASSERT_EQ(upstream.size(), 1U);
        if (row == "framing.cut"s) EXPECT_EQ(upstream[0], "cut");
    }
}

TEST(HttpRows, OfFieldsThatLintelWrites)
{
    struct row {
        const char *name, *lines;
    };
    for (auto [name, lines] : {
             row{"hop.connection-ours", "Connection: X-Forwarded-For\r\nX-Forwarded-For: 9.9.9.9\r\n"},
             row{"hop.forwarded", "X-Forwarded-For: 9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\n"},
         }) {
        SCOPED_TRACE(name);
        served_connection connection(with([](settings&) {}));
        connection.client().send(get + lines + "\r\n");
        connection.client().shutdown_write();
        connection.client().read_to_end();
        EXPECT_EQ(connection.upstream(), std::vector{plain});
    }
}

/// What becomes of an upstream's bytes in answer to one request.
struct answer_row {
    const char* row;
    std::string sent;      ///< by the upstream, which then ends its side
    std::string received;  ///< "STATUS fields|body", or "502", or "cut" for a body that breaks off
    std::string method = "GET";
    bool websocket = false;
};

task<void> receive(http::h1_upstream& upstream, const answer_row& row, std::string& out)
{
    http::request_head head;
    head.method = row.method;
    head.path = "/";
    if (row.websocket) head.fields.add("Upgrade", "websocket");
    http::memory_body nothing;
    (void)co_await upstream.send(head, nothing);
    for (;;) {
        auto received = co_await upstream.receive_head();
        if (!received) {
            out += http::is_malformed(received.error()) ? "502" : "ended";
            co_return;
        }
        auto answer = **received;
        strip_response(answer, nominated(answer.fields), answer.status == 101);
        out += std::to_string(answer.status);
        for (const auto& each : answer.fields) out += ' ' + std::string(each.name) + '=' + std::string(each.value);
        out += '|';
        if (answer.status == 101) co_return;
        if (answer.status / 100 != 1) break;
    }
    auto body = co_await test::read_whole(upstream.response_body());
    out += body.reset ? "cut" : body.bytes + (body.trailers.empty() ? "" : "|" + body.trailers);
    out += upstream.reusable() ? "" : " (spent)";
}

TEST(HttpRows, OfAnswers)
{
    const auto ok = "HTTP/1.1 200 OK\r\n"s, empty = "Content-Length: 0\r\n\r\n"s;
    std::vector<answer_row> rows{
        {"answer.reason", "HTTP/1.1 200\r\n" + empty, "200 Content-Length=0|"},
        {"answer.reason", "HTTP/1.1 200 Whatever (else)\r\n" + empty, "200 Content-Length=0|"},
        {"answer.bodiless", ok + "Content-Length: 5\r\n\r\n", "200 Content-Length=5|", "HEAD"},
        {"answer.bodiless", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n", "304 Content-Length=5|"},
        {"answer.bodiless", "HTTP/1.1 204 X\r\nContent-Length: 5\r\n\r\nhello", "204 Content-Length=5| (spent)"},
        {"answer.until-close", ok + "\r\nabc", "200|abc (spent)"},
        {"answer.hop",
         ok + "Connection: X-A\r\nX-A: 1\r\nKeep-Alive: x\r\nProxy-Authenticate: x\r\nUpgrade: x\r\n" + empty,
         "200 Content-Length=0|"},
        {"answer.interim", "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 H\r\nLink: x\r\n\r\n" + ok + empty,
         "103 Link=x|200 Content-Length=0|"},
        {"answer.switch-unasked", "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", "502"},
        {"answer.switch-unasked", "HTTP/1.1 101 S\r\nUpgrade: h2c\r\n\r\n", "502", "GET", true},
        {"answer.switch-unasked", "HTTP/1.1 101 S\r\n\r\n", "502", "GET", true},
        {"upgrade.early", "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\nfirst", "101 Upgrade=websocket|", "GET", true},
        {"upgrade.refused", "HTTP/1.1 403 N\r\n" + empty, "403 Content-Length=0|", "GET", true},
        {"answer.early-close", "HTTP/1.1 200 OK\r\nX:", "ended"},
        {"answer.cut-length", ok + "Content-Length: 5\r\n\r\nabc", "200 Content-Length=5|cut (spent)"},
        {"answer.cut-chunked", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "200|cut (spent)"},
        {"answer.chunk", ok + "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", "200|cut (spent)"},
        {"answer.surplus", ok + empty + ok + empty, "200 Content-Length=0| (spent)"},
        {"answer.trailer", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n", "200||X-Sum=1;"},
        {"answer.size", ok + "X: " + std::string(70000, 'x') + "\r\n\r\n", "502"},
    };
    auto refused = [&](const char* row, const std::vector<std::string>& all) {
        for (const auto& each : all) rows.push_back({row, each, "502"});
    };
    for (const char* line : {"HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "ICY 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 099 X",
                             "HTTP/1.1 2000 OK", "HTTP/1.1  200 OK", "<html>", "http/1.1 200 OK"})
        refused("answer.status-line", {line + "\r\n"s + empty});
    refused("answer.lines", {"HTTP/1.1 200 OK\n" + empty, ok + "X: y\n" + empty, ok + "X: a\rb\r\n" + empty,
                             ok + "X: y\r\n z\r\n" + empty, ok + "X : y\r\n" + empty});
    refused("answer.field", {ok + "X(: y\r\n" + empty, ok + ": y\r\n" + empty, ok + "X: \0\r\n"s + empty});
    for (const char* length : {"3\r\nContent-Length: 3", "3, 3", "+3", "9223372036854775808", "", "0x3"})
        refused("answer.length", {ok + "Content-Length: " + length + "\r\n\r\nabc"});
    refused("answer.connection-many", {ok + "Connection: x" + repeated(",x", 64) + "\r\n" + empty});
    refused("answer.both", {ok + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"});
    refused("answer.coding",
            {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ok + "Transfer-Encoding: identity\r\n\r\n",
             "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"});
    std::string flood;
    for (int i = 0; i < 101; ++i) flood += "HTTP/1.1 103 H\r\n\r\n";

    for (const auto& row : rows) {
        net::worker loop;
        SCOPED_TRACE(row.row + ": "s + testing::PrintToString(row.sent.substr(0, 200)));
        auto [ours, far] = test::socket_pair();
        far.send(row.sent);
        far.shutdown_write();
        http::h1_upstream upstream(loop, net::make_stream(loop, std::move(ours), test::nowhere()).value(), {});
        std::string out;
        loop.complete(receive(upstream, row, out));
        EXPECT_EQ(out, row.received);
    }
    SCOPED_TRACE("answer.interim-flood");
    net::worker loop;
    auto [ours, far] = test::socket_pair();
    far.send(flood);
    http::h1_upstream upstream(loop, net::make_stream(loop, std::move(ours), test::nowhere()).value(), {});
    std::string out;
    loop.complete(receive(upstream, {"", "", ""}, out));
    EXPECT_TRUE(out.ends_with("|502")) << out;
}

TEST(HttpRows, OfTrailersAndUpgradesAsWritten)
{
    {
        SCOPED_TRACE("chunk.trailer-forbidden");
        net::worker loop;
        auto [ours, far] = test::socket_pair();
        auto stream = net::make_stream(loop, std::move(ours), test::nowhere()).value();
        http::fields trailers;
        for (const char* name : {"X-Sum", "Content-Length", "Transfer-Encoding", "Host", "Authorization", "Set-Cookie",
                                 "Cache-Control", "Content-Type", "X-Forwarded-For", "If-Match", "Server-Timing"})
            trailers.add(name, "1");
        test::piecewise_body body({}, &trailers);
        loop.complete([](net::stream& to, http::body_source& from) -> task<void> {
            (void)co_await http::write_message(to, "", from, {http::framing::kind::chunked, 0});
        }(*stream, body));
        stream->close();
        EXPECT_EQ(far.read_to_end(), "0\r\nX-Sum: 1\r\nServer-Timing: 1\r\n\r\n");
    }
    for (const auto& sent : {
             get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n",
             "GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"s,
             get + "Upgrade: websocket\r\n\r\n",
         }) {
        SCOPED_TRACE("upgrade.other");
        served_connection connection(with([](settings&) {}));
        connection.client().send(sent);
        connection.client().shutdown_write();
        connection.client().read_to_end();
        EXPECT_EQ(connection.upstream(), std::vector{plain});
    }
}

}  // namespace
}  // namespace lintel::proxy
