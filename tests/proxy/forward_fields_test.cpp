#include "proxy/forward_fields.hpp"

#include "base/text.hpp"
#include "http/target.hpp"
#include "net/error.hpp"
#include "tests/support/http_text.hpp"

#include <gtest/gtest.h>

namespace lintel::proxy {
namespace {

/// A connection of which only the addresses are ever asked.
class addressed_stream final : public net::stream {
public:
    addressed_stream(const char* ip, bool encrypted) : peer_(net::address::of_ip(ip, 4711).value())
    {
        security_.encrypted = encrypted;
    }
    result<std::size_t> try_read(std::span<std::byte>) override { return error_code(net::errc::aborted); }
    result<std::size_t> try_write(std::span<const std::string_view>) override { return error_code(net::errc::aborted); }
    net::ready_wait wait(net::direction) override { return net::ready_wait(net::errc::aborted); }
    void expires_at(net::direction, time_point) override {}
    void set_patience(net::direction, duration) override {}
    bool shutdown_write() override { return true; }
    void close(manner) override {}
    bool peer_gone() const override { return false; }
    bool readable_so_far() const override { return false; }
    bool readable_now() const override { return false; }
    const net::address& local() const override { return peer_; }
    const net::address& peer() const override { return peer_; }
    const security& secured() const override { return security_; }

private:
    net::address peer_;
    security security_;
};

/// A request with its connection; it is never answered.
class asked final : public http::exchange {
public:
    asked(const std::string& head, const char* peer, bool encrypted)
        : text_(head + "\r\n"), connection_(peer, encrypted)
    {
        EXPECT_FALSE(text_.failure) << text_.failure.message();
        EXPECT_TRUE(http::read_target(text_.head));
    }
    const http::request_head& request() const override { return text_.head; }
    http::body_source& body() override { return body_; }
    task<result<void>> inform(const http::response_head&) override { co_return net::errc::aborted; }
    now_or_later<result<void>> respond(const http::response_head&, http::body_source&) override
    {
        co_return net::errc::aborted;
    }
    task<result<void>> accept_tunnel(const http::response_head&, http::tunnel_keeper) override
    {
        co_return net::errc::aborted;
    }
    void abort() override {}
    bool client_gone() const override { return false; }
    bool response_started() const override { return false; }
    void use(const model::http_options&) override {}
    const net::stream& connection() const override { return connection_; }

private:
    test::request_text text_;
    http::memory_body body_;
    addressed_stream connection_;
};

class ForwardedRequest : public testing::Test {
protected:
    ForwardedRequest() { what.trusted_proxies = net::network_set::parse({"10.0.0.0/8"}).value(); }

    /// What is forwarded of a request with these field lines: "name=value" of every field, sorted.
    std::vector<std::string> forward(const std::string& lines, const char* peer = "192.0.2.1", bool encrypted = false,
                                     const char* start = "GET /x HTTP/1.1\r\nHost: a.example:8080\r\n")
    {
        asked client(start + lines, peer, encrypted);
        forwarded_request made(
            client, worker, client_address(client.connection().peer(), client.request().fields, what.trusted_proxies));
        id = made.request_id();
        websocket = made.is_websocket();
        address = client_address(client.connection().peer(), client.request().fields, what.trusted_proxies);
        std::vector<std::string> all;
        for (const auto& each : made.head().fields) {
            auto name = text::lower(each.name);
            if (name != "x-request-id" && name != "host") all.push_back(name + "=" + std::string(each.value));
        }
        std::ranges::sort(all);
        return all;
    }

    static std::vector<std::string> sorted(std::vector<std::string> all)
    {
        std::ranges::sort(all);
        return all;
    }

    /// What every request from 192.0.2.1 in clear text gets, and `more`.
    static std::vector<std::string> ours_and(std::vector<std::string> more)
    {
        for (const char* each : {"x-forwarded-for=192.0.2.1", "x-forwarded-proto=http",
                                 "x-forwarded-host=a.example:8080", "x-forwarded-port=8080", "x-real-ip=192.0.2.1"}) {
            more.emplace_back(each);
        }
        return sorted(more);
    }

    settings what;
    net::worker loop;
    table_cell tables{std::make_shared<route_table>()};
    tls::store_cell certificates{std::make_shared<tls::store>()};
    proxy::admission door{{1, 1, {}}};
    worker_state worker{loop, 0, what, door, tables, certificates, nullptr, {}, {}, {}};
    std::string id, address;
    bool websocket = false;
};

TEST_F(ForwardedRequest, PassesEndToEndFieldsOn)
{
    EXPECT_EQ(forward("Accept: */*\r\nCookie: a=b\r\nCookie: c\r\nX-Own: 1\r\nTrailer: X\r\n"),
              ours_and({"accept=*/*", "cookie=a=b", "cookie=c", "x-own=1", "trailer=X"}));
}

TEST_F(ForwardedRequest, LeavesHopByHopFieldsOut)
{
    EXPECT_EQ(forward("Connection: X-Named, close\r\nX-Named: 1\r\nKeep-Alive: 5\r\nProxy-Connection: "
                      "x\r\nProxy-Authorization: x\r\n"
                      "TE: gzip\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nProxy: "
                      "http://evil\r\nX-Own: 1\r\n"),
              ours_and({"x-own=1"}));
    EXPECT_EQ(forward("TE: gzip, Trailers\r\nConnection: te\r\n"), ours_and({"te=trailers"}));
}

TEST_F(ForwardedRequest, CantBeMadeToDropWhatWeSay)
{
    auto all =
        forward("Connection: X-Forwarded-For, X-Real-IP, X-Forwarded-Proto, Host, Content-Length, X-Request-Id\r\n");
    EXPECT_EQ(all, ours_and({}));
    EXPECT_FALSE(id.empty());
}

TEST_F(ForwardedRequest, DoesNotBelieveAnUntrustedClient)
{
    EXPECT_EQ(
        forward(
            "X-Forwarded-For: 1.1.1.1\r\nx-forwarded-proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
            "X-Forwarded-Prefix: /evil\r\nX-Real-IP: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\n"),
        ours_and({}));
    EXPECT_EQ(address, "192.0.2.1");
}

TEST_F(ForwardedRequest, BelievesATrustedProxyAndAddsItself)
{
    auto all = forward(
        "X-Forwarded-For: 198.51.100.7, 10.0.0.9\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop\r\n"
        "X-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /p\r\nX-Real-IP: 198.51.100.7\r\nForwarded: for=198.51.100.7\r\n",
        "10.0.0.1");
    EXPECT_EQ(all, sorted({"x-forwarded-for=198.51.100.7, 10.0.0.9, 10.0.0.1", "x-forwarded-proto=https",
                           "x-forwarded-host=shop", "x-forwarded-port=443", "x-forwarded-prefix=/p",
                           "x-real-ip=198.51.100.7", "forwarded=for=198.51.100.7"}));
    EXPECT_EQ(address, "198.51.100.7");
}

TEST_F(ForwardedRequest, FindsTheClientBehindTrustedProxies)
{
    struct row {
        const char *lines, *peer, *client;
    };
    for (auto [lines, peer, client] : {
             row{"", "192.0.2.1", "192.0.2.1"},
             row{"X-Forwarded-For: 1.1.1.1\r\n", "192.0.2.1", "192.0.2.1"},
             row{"", "10.0.0.1", "10.0.0.1"},
             row{"X-Forwarded-For: 6.6.6.6, 198.51.100.7\r\n", "10.0.0.1", "198.51.100.7"},
             row{"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 198.51.100.7, 10.9.9.9\r\n", "10.0.0.1", "198.51.100.7"},
             row{"X-Forwarded-For: 10.1.1.1, 10.2.2.2\r\n", "10.0.0.1", "10.1.1.1"},
             row{"X-Forwarded-For: 6.6.6.6, nonsense, 10.2.2.2\r\n", "10.0.0.1", "10.2.2.2"},
             row{"X-Forwarded-For: 2001:DB8:0::7\r\n", "10.0.0.1", "2001:db8::7"},
         }) {
        forward(lines, peer);
        EXPECT_EQ(address, client) << lines;
    }
}

TEST_F(ForwardedRequest, SaysHowTheClientCame)
{
    auto all = forward("", "2001:db8::1", true, "GET / HTTP/1.1\r\nHost: a.example\r\n");
    EXPECT_EQ(all, sorted({"x-forwarded-for=2001:db8::1", "x-forwarded-proto=https", "x-forwarded-host=a.example",
                           "x-forwarded-port=443", "x-real-ip=2001:db8::1"}));
    all = forward("", "192.0.2.1", false, "GET / HTTP/1.1\r\nHost: [::1]\r\n");
    EXPECT_NE(std::ranges::find(all, "x-forwarded-port=80"), all.end());
}

TEST_F(ForwardedRequest, KeepsAUsableRequestIdAndMakesOneOtherwise)
{
    forward("X-Request-Id: abc-123\r\n");
    EXPECT_EQ(id, "abc-123");
    for (const auto& lines :
         {std::string(), std::string("X-Request-Id: a b\r\n"), std::string("X-Request-Id:\r\n"),
          std::string("X-Request-Id: a\r\nX-Request-Id: b\r\n"), "X-Request-Id: " + std::string(129, 'a') + "\r\n"}) {
        forward(lines);
        EXPECT_EQ(id.size(), 32U) << lines;
        EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), id.npos);
    }
    auto first = id;
    forward("");
    EXPECT_NE(id, first);
}

TEST_F(ForwardedRequest, LetsOnlyWebSocketsUpgrade)
{
    auto all = forward("Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n");
    EXPECT_TRUE(websocket);
    EXPECT_EQ(all, ours_and({"upgrade=websocket", "sec-websocket-key=k"}));
    forward("Connection: Upgrade\r\nUpgrade: h2c\r\n");
    EXPECT_FALSE(websocket);
    forward("Upgrade: websocket\r\n");
    EXPECT_FALSE(websocket) << "Connection does not name it";
    forward("Connection: Upgrade\r\nUpgrade: websocket\r\n", "192.0.2.1", false, "POST / HTTP/1.1\r\nHost: a\r\n");
    EXPECT_FALSE(websocket);
}

TEST_F(ForwardedRequest, IsAddressedToTheClientsHostOrTheEndpoint)
{
    asked client("GET / HTTP/1.1\r\nHost: a.example\r\n", "192.0.2.1", false);
    forwarded_request made(client, worker,
                           client_address(client.connection().peer(), client.request().fields, what.trusted_proxies));
    endpoint target("e", {.host = "10.0.0.2", .port = 3000, .source = ""}, 1);
    made.address_to(target, false, false);
    EXPECT_EQ(made.head().authority, "10.0.0.2:3000");
    made.address_to(target, true, false);
    EXPECT_EQ(made.head().authority, "a.example");
}

TEST(StripResponse, TakesHopByHopFieldsOut)
{
    test::response_text text(
        "HTTP/1.1 200 OK\r\nConnection: X-Named\r\nX-Named: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\n"
        "Upgrade: h2c\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nTrailer: X\r\n\r\n");
    strip_response(text.head, nominated(text.head.fields), false);
    std::string left;
    for (const auto& each : text.head.fields) left += std::string(each.name) + ";";
    EXPECT_EQ(left, "Set-Cookie;Set-Cookie;Trailer;");
}

TEST(StripResponse, LeavesUpgradeWhereProtocolsSwitch)
{
    test::response_text text(
        "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: k\r\n\r\n");
    strip_response(text.head, nominated(text.head.fields), true);
    EXPECT_EQ(text.head.fields.size(), 2U);
    EXPECT_NE(text.head.fields.find(http::field_id::upgrade), nullptr);
}

}  // namespace
}  // namespace lintel::proxy
