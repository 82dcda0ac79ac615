#include "tests/acme/preflight_fixture.hpp"
#include "tests/support/black_hole.hpp"

namespace lintel::acme {
namespace {

TEST_F(Preflight, WorksWhereEveryAddressShowsOurToken)
{
    other_at_v6.emplace(net::address::of_ip("::1", how.http_port).value(),
                        [this](test::peer& client) { answer_tokens(board, client); });
    dns.set("app.test", {"127.0.0.1", "::1"});
    auto report = look("APP.test.");
    EXPECT_EQ(report.what, verdict::works);
    EXPECT_EQ(report.working, std::vector{http_01});
    EXPECT_EQ(report.why, "");
    EXPECT_EQ(http_at_1.accepted(), 1);
    EXPECT_EQ(other_at_v6->accepted(), 1);
}

TEST_F(Preflight, WorksForAnAddressToo)
{
    EXPECT_EQ(look("127.0.0.1", {http_01, tls_alpn_01}).working, std::vector{http_01});
    EXPECT_EQ(look("127.0.0.1", {tls_alpn_01}).working, std::vector{tls_alpn_01});
    EXPECT_EQ(shows_ours.last_name(), "1.0.0.127.in-addr.arpa") << "RFC 8738";
    EXPECT_EQ(dns.questions(), 0);
}

TEST_F(Preflight, NamesTheAddressThatLeadsElsewhere)
{
    other_at_v6.emplace(net::address::of_ip("::1", how.http_port).value(),
                        saying("HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"));
    dns.set("app.test", {"127.0.0.1", "::1"});
    auto report = look();
    EXPECT_EQ(report.what, verdict::wrong);
    EXPECT_TRUE(report.working.empty());
    EXPECT_EQ(report.why, "AAAA ::1 leads to another server: it answered 404 (Server: nginx)");
}

TEST_F(Preflight, DoesNotTakeAnotherBodyForOurs)
{
    auto report = look_at(saying("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome"));
    EXPECT_EQ(report.what, verdict::wrong);
    EXPECT_EQ(report.why, "A 127.0.0.2 leads to another server: it answered 200 with something else");
}

TEST_F(Preflight, TakesWhiteSpaceAfterTheAuthorization)
{
    auto report = look_at([this](test::peer& client) { answer_tokens(board, client, "\r\n"); });
    EXPECT_EQ(report.what, verdict::works) << report.why;
}

TEST_F(Preflight, IsSilentWhereNobodyAnswers)
{
    dns.set("app.test", {"127.0.0.2"});
    auto report = look();
    EXPECT_EQ(report.what, verdict::silent);
    EXPECT_EQ(report.why,
              "nobody answers at A 127.0.0.2, port " + std::to_string(how.http_port) + ": Connection refused");
}

TEST_F(Preflight, IsSilentWhereOneOfTheAddressesIs)
{
    dns.set("app.test", {"127.0.0.1", "127.0.0.2"});
    auto report = look();
    EXPECT_EQ(report.what, verdict::silent);
    EXPECT_FALSE(report.why.contains("127.0.0.1,")) << report.why;
}

TEST_F(Preflight, IsBoundedWhereAServerIsSlowOrAFirewallDropsAll)
{
    how.limit = 300ms;
    test::black_hole drops(net::address::of_ip("127.0.0.3", how.http_port).value());
    auto start = steady_clock::now();
    other_at_2.emplace(net::address::of_ip("127.0.0.2", how.http_port).value(),
                       [](test::peer& client) { client.wait_for_close(); });
    dns.set("app.test", {"127.0.0.2", "127.0.0.3"});
    auto report = look("app.test", {http_01, tls_alpn_01});
    EXPECT_LT(steady_clock::now() - start, 3s) << "all at once";
    EXPECT_EQ(report.what, verdict::silent);
    EXPECT_TRUE(report.why.contains("127.0.0.2, port " + std::to_string(how.http_port) + ": timed out")) << report.why;
    EXPECT_TRUE(report.why.contains("127.0.0.3, port " + std::to_string(how.http_port) + ": timed out")) << report.why;
}

TEST_F(Preflight, IsWrongWhereTheNameHasNoAddress)
{
    auto missing = look("missing.test");
    EXPECT_EQ(missing.what, verdict::wrong);
    EXPECT_EQ(missing.why, "missing.test does not exist in DNS: add an A record to this server's address");
    dns.set("empty.test", {});
    auto empty = look("empty.test");
    EXPECT_EQ(empty.what, verdict::wrong);
    EXPECT_EQ(empty.why, "empty.test has no address in DNS: add an A record to this server's address");
    dns.set("local.test", {"169.254.1.1"});
    auto local = look("local.test");
    EXPECT_EQ(local.what, verdict::wrong);
    EXPECT_TRUE(local.why.contains("A 169.254.1.1")) << local.why;
    EXPECT_EQ(board.shows(), 0) << "nothing to look at";
}

TEST_F(Preflight, IsSilentWhereTheNameServersFail)
{
    dns.be(test::dns_server::mood::fails);
    auto report = look();
    EXPECT_EQ(report.what, verdict::silent);
    EXPECT_TRUE(report.why.contains("name servers")) << report.why;
}

TEST_F(Preflight, FollowsARedirectToWhereOurTokenIs)
{
    dns.set("elsewhere.test", {"127.0.0.1"});
    std::atomic<bool> right_host = false;
    auto report = look_at([&](test::peer& client) {
        auto request = client.next_request().value_or("");
        right_host = request.contains("\r\nHost: app.test\r\n");
        client.send(redirect_to("http://elsewhere.test" + path_of(request)));
    });
    EXPECT_EQ(report.what, verdict::works) << report.why;
    EXPECT_TRUE(right_host);
}

TEST_F(Preflight, FollowsARedirectToHttpsWithoutALookAtTheCertificate)
{
    tls_server web(board);
    test::tiny_server tls_at_2(net::address::of_ip("127.0.0.2", how.tls_port).value(),
                               [&](test::peer& client) { web.serve(client); });
    auto report = look_at([](test::peer& client) {
        client.send(redirect_to("https://app.test" + path_of(client.next_request().value_or(""))));
    });
    EXPECT_EQ(report.what, verdict::works) << report.why;
    EXPECT_EQ(web.last_name(), "app.test");
}

TEST_F(Preflight, DoesNotTakeALoginPageForOurs)
{
    dns.set("login.test", {"127.0.0.3"});
    test::tiny_server login(net::address::of_ip("127.0.0.3", how.http_port).value(),
                            saying("HTTP/1.1 200 OK\r\nServer: gate\r\nContent-Length: 5\r\n\r\nlogin"));
    auto report = look_at(saying(redirect_to("http://login.test/?back=secret")));
    EXPECT_EQ(report.what, verdict::wrong);
    EXPECT_EQ(report.why,
              "A 127.0.0.2 leads to another server: it redirected to http://login.test, which answered 200 with "
              "something else (Server: gate)");
}

TEST_F(Preflight, IsWrongWhereARedirectLeadsNowhere)
{
    struct row {
        const char *location, *why;
    };
    for (auto [location, why] : {row{"/again", "again and again"},
                                 {"http://missing.test/", "http://missing.test, where no page was found"},
                                 {"http://app.test:81/", "the ports 80 and 443 only"},
                                 {"ftp://app.test/", "to no page of the web"}}) {
        auto report = look_at([location](test::peer& client) {
            if (client.next_request()) client.send(redirect_to(location));
        });
        EXPECT_EQ(report.what, verdict::wrong) << location;
        EXPECT_TRUE(report.why.contains(why)) << report.why;
    }
    EXPECT_EQ(other_at_2->accepted(), 1);
}

TEST_F(Preflight, FollowsTenRedirects)
{
    look_at(saying(redirect_to("/again")));
    EXPECT_EQ(other_at_2->accepted(), 11);
}

TEST_F(Preflight, KnowsAProxyOfACdn)
{
    for (const auto* field : {"Server: cloudflare", "CF-RAY: 8f1", "X-Amz-Cf-Id: x"}) {
        auto report =
            look_at(saying(std::string("HTTP/1.1 403 Forbidden\r\n") + field + "\r\nContent-Length: 0\r\n\r\n"));
        EXPECT_EQ(report.what, verdict::wrong);
        EXPECT_TRUE(report.why.contains("proxied by a CDN")) << report.why;
    }
}

TEST_F(Preflight, TellsAServerThatSpeaksSomethingElse)
{
    auto report = look_at(saying("220 mail.test ESMTP\r\n"));
    EXPECT_EQ(report.what, verdict::wrong);
    EXPECT_EQ(report.why, "A 127.0.0.2 leads to another server: what it speaks is not HTTP");
    auto endless = look_at(saying("HTTP/1.1 404 No\r\n\r\n" + std::string(100'000, 'x')));
    EXPECT_EQ(endless.what, verdict::wrong) << endless.why;
}

}  // namespace
}  // namespace lintel::acme
