#pragma once
// A preflight with real sockets around it: a name server, and servers on addresses of loopback.

#include "acme/preflight.hpp"
#include "tests/acme/stand_ins.hpp"
#include "tests/support/dns_server.hpp"
#include "tests/support/on_worker.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace lintel::acme {

using namespace std::chrono_literals;
using verdict = preflight_report::verdict;
using enum challenge_type;

/// On 127.0.0.1 stands what would be our edge, on 127.0.0.2 and ::1 what a test puts there.
class Preflight : public testing::Test {
protected:
    static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }  // OpenSSL writes without MSG_NOSIGNAL

    Preflight()
    {
        how.resolvers = dns.where();
        how.http_port = static_cast<std::uint16_t>(http_at_1.port());
        how.tls_port = static_cast<std::uint16_t>(tls_at_1.port());
        how.limit = 5s;
    }

    preflight_report look(std::string name = "app.test", std::vector<challenge_type> types = {http_01})
    {
        auto report = test::outcome_of(home, look_ahead(home, fetcher, board, how, std::move(name), std::move(types)));
        EXPECT_EQ(board.size(), 0U) << "what was shown is taken down";
        return report;
    }

    /// The report on a name whose only server does this.
    preflight_report look_at(test::tiny_server::script server)
    {
        other_at_2.emplace(net::address::of_ip("127.0.0.2", how.http_port).value(), std::move(server));
        dns.set("app.test", {"127.0.0.2"});
        return look();
    }

    static test::tiny_server::script saying(std::string answer)
    {
        return [answer = std::move(answer)](test::peer& client) {
            if (client.next_request()) client.send(answer);
        };
    }
    static std::string redirect_to(const std::string& location)
    {
        return "HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n";
    }

    net::worker home;
    http::fetcher fetcher{home};
    test::dns_server dns;
    notice_board board;
    test::tiny_server http_at_1{[this](test::peer& client) { answer_tokens(board, client); }};
    tls_server shows_ours{board};
    test::tiny_server tls_at_1{[this](test::peer& client) { shows_ours.serve(client); }};
    std::optional<test::tiny_server> other_at_2, other_at_v6;
    preflight_settings how;
};

}  // namespace lintel::acme
