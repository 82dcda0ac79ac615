#include "net/task_group.hpp"
#include "tests/acme/preflight_fixture.hpp"
#include "tests/support/run_until.hpp"

namespace lintel::acme {
namespace {

/// TLS-ALPN-01, what DNS alone decides, and ends that come early.
class PreflightAlpn : public Preflight {
protected:
    preflight_report look_at_tls(tls_server::alpn how_it_answers, std::vector<challenge_type> types = {tls_alpn_01})
    {
        notice_board empty;
        tls_server stranger(empty, how_it_answers);
        test::tiny_server at_2(net::address::of_ip("127.0.0.2", how.tls_port).value(),
                               [&](test::peer& client) { stranger.serve(client); });
        dns.set("app.test", {"127.0.0.1", "127.0.0.2"});
        return look("app.test", std::move(types));
    }
};

TEST_F(PreflightAlpn, WorksWherePort80IsClosed)
{
    closed_port closed;
    how.http_port = closed.number();
    dns.set("app.test", {"127.0.0.1"});
    auto report = look("app.test", {http_01, tls_alpn_01});
    EXPECT_EQ(report.what, verdict::works) << report.why;
    EXPECT_EQ(report.working, std::vector{tls_alpn_01});
    EXPECT_EQ(shows_ours.last_name(), "app.test");
}

TEST_F(PreflightAlpn, LooksNoFurtherThanTheFirstThatWorks)
{
    dns.set("app.test", {"127.0.0.1"});
    EXPECT_EQ(look("app.test", {http_01, tls_alpn_01}).working, std::vector{http_01});
    EXPECT_EQ(shows_ours.last_name(), "") << "no handshake";
    EXPECT_EQ(look("app.test", {tls_alpn_01, http_01}).working, std::vector{tls_alpn_01});
}

TEST_F(PreflightAlpn, IsWrongWhereAnotherCertificateIsShown)
{
    auto report = look_at_tls(tls_server::alpn::known);
    EXPECT_EQ(report.what, verdict::wrong);
    EXPECT_TRUE(report.why.starts_with("A 127.0.0.2 leads to another server: ")) << report.why;
    EXPECT_FALSE(report.why.contains("127.0.0.1")) << report.why;
}

TEST_F(PreflightAlpn, IsWrongWhereTheProtocolIsRefusedOrIgnored)
{
    auto refused = look_at_tls(tls_server::alpn::refused);
    EXPECT_EQ(refused.what, verdict::wrong);
    EXPECT_TRUE(refused.why.contains("it refused acme-tls/1")) << refused.why;
    auto ignored = look_at_tls(tls_server::alpn::ignored);
    EXPECT_EQ(ignored.what, verdict::wrong);
    EXPECT_TRUE(ignored.why.contains("it doesn't know acme-tls/1")) << ignored.why;
}

TEST_F(PreflightAlpn, TellsOfEachAddressOnce)
{
    other_at_2.emplace(net::address::of_ip("127.0.0.2", how.http_port).value(),
                       saying("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"));
    auto report = look_at_tls(tls_server::alpn::refused, {http_01, tls_alpn_01});
    EXPECT_EQ(report.what, verdict::wrong);
    EXPECT_EQ(report.why, "A 127.0.0.2 leads to another server: it answered 500");
}

TEST_F(PreflightAlpn, NeedsNoAddressForDns01)
{
    auto report = look("missing.test", {dns_01});
    EXPECT_EQ(report.what, verdict::works);
    EXPECT_EQ(look("missing.test", {http_01, dns_01}).working, std::vector{dns_01});
    EXPECT_EQ(look("*.app.test", {http_01, dns_01}).working, std::vector{dns_01});
    auto wildcard = look("*.app.test", {http_01});
    EXPECT_EQ(wildcard.what, verdict::wrong);
    EXPECT_TRUE(wildcard.why.contains("DNS-01 only")) << wildcard.why;
}

TEST_F(PreflightAlpn, JudgesNobodyByAProbeThatWasNotShownInTime)
{
    board.in_time = false;
    dns.set("app.test", {"127.0.0.1"});
    EXPECT_EQ(look().what, verdict::works) << "it was seen all the same";
    auto report = look_at_tls(tls_server::alpn::refused);
    EXPECT_EQ(report.what, verdict::silent);
    EXPECT_TRUE(report.why.contains("in time")) << report.why;
}

task<void> look_once(net::worker& home, http::fetcher& fetcher, challenge_board& board, const preflight_settings& how,
                     bool& ended)
{
    (void)co_await look_ahead(home, fetcher, board, how, "app.test", {http_01, tls_alpn_01});
    ended = true;
}

TEST_F(PreflightAlpn, TakesItsProbesDownWhenItIsCancelled)
{
    auto waiting = [](test::peer& client) { client.wait_for_close(); };
    test::tiny_server tls_at_2(net::address::of_ip("127.0.0.2", how.tls_port).value(), waiting);
    dns.set("app.test", {"127.0.0.2"});
    bool ended = false;
    net::task_group owner(home);
    owner.spawn("look", look_once(home, fetcher, board, how, ended));
    ASSERT_TRUE(test::run_until(home, [&] { return tls_at_2.accepted() == 1; }));
    EXPECT_EQ(board.size(), 1U);
    owner.stop();
    ASSERT_TRUE(test::run_until(home, [&] { return owner.size() == 0; }));
    EXPECT_FALSE(ended);
    EXPECT_EQ(board.size(), 0U);
}

}  // namespace
}  // namespace lintel::acme
