// A whole edge in this process, fed with deltas as control would: what must have come about everywhere before one is
// acknowledged, and handshakes that wait for a later one.

#include "proxy/edge.hpp"

#include "net/listener.hpp"
#include "net/socket.hpp"
#include "net/task_group.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/client.hpp"
#include "tls/local_ca.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace lintel::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t workers = 3, tries = 24;  ///< of connections, so that each worker has some

class Edge : public testing::Test {
protected:
    Edge()
    {
        settings what;
        what.workers = workers;
        what.entrypoints = {{.name = "http", .address = ""}, {.name = "https", .address = "", .tls = true}};
        std::vector<listening> sockets;
        for (std::size_t i = 0; i < what.entrypoints.size(); ++i) {
            auto bound = net::bind_entrypoint({"127.0.0.1", 0}, workers).value();
            addresses.push_back(net::bound_address(bound.front().get()).value());
            sockets.push_back({i, std::move(bound)});
        }
        auto report = [this](const link::message& said) {
            if (const auto* ask = std::get_if<link::ask>(&said)) asked.push_back(ask->name);
        };
        front = std::make_unique<edge>(home, std::move(what), std::move(sockets), unique_fd(), report);
    }

    void TearDown() override
    {
        home.complete(front->drain(steady_clock::now() + 100ms));
        for (int round : {1, 2}) {  // what told us of a worker's end has its own in the round after
            SCOPED_TRACE(round);
            apply({});
        }
        EXPECT_TRUE(test::run_until(home, [&] { return tasks.size() == 0; }));
        front.reset();
    }

    void apply(const model::delta& step)
    {
        auto rejected = test::outcome_of(home, front->apply(step));
        for (const auto& each : rejected) ADD_FAILURE() << each.kind << ' ' << each.id << ": " << each.why;
        front->accept();
    }

    void certify(const std::string& name)
    {
        auto made = ca.issue(name);
        model::delta step;
        step.upsert.certificates[name] = {
            .names = {name}, .chain_pem = made.chain_pem, .key_pem = made.key_pem, .chain_file = "", .key_file = ""};
        apply(step);
    }

    /// What a request in clear text is answered: the status line's number and the body.
    task<std::string> get(std::string path)
    {
        auto connected = co_await net::connect(home, addresses[0], 5s);
        if (!connected) co_return connected.error().message();
        auto& client = **connected;
        auto request = "GET " + path + " HTTP/1.1\r\nHost: whoever.example\r\nConnection: close\r\n\r\n";
        if (auto sent = co_await client.write_all(std::string_view(request)); !sent) co_return "not sent";
        auto answer = co_await read_to_end(client);
        co_return answer.substr(9, 3) + ' ' + answer.substr(answer.find("\r\n\r\n") + 4);
    }

    static task<std::string> read_to_end(net::stream& from)
    {
        std::string all;
        std::array<std::byte, 4096> some{};
        for (;;) {
            auto count = from.try_read(some);
            if (count && *count > 0) {
                all.append(reinterpret_cast<const char*>(some.data()), *count);
            } else if (count || !co_await from.wait(net::direction::read)) {
                co_return all;
            }
        }
    }

    /// What becomes of a handshake: the protocol that was agreed on, or why it failed.
    task<std::string> shake_hands(std::string name, std::vector<std::string> protocols)
    {
        model::transport trusting;
        trusting.verify = false;
        trusting.server_name = name;
        tls::client client(trusting, std::move(protocols));
        auto connected = co_await net::connect(home, addresses[1], 5s);
        if (!connected) co_return connected.error().message();
        std::string why;
        auto out = co_await client.connect(std::move(*connected), "the edge", name, 5s, &why);
        if (!out) co_return "refused";
        auto agreed = (*out)->secured().protocol;
        auto rest = agreed == "acme-tls/1" ? co_await read_to_end(**out) : "";
        (*out)->close();  // its last word of the handshake leaves with that
        co_return agreed + rest;
    }

    task<void> keep_handshake(std::string name)
    {
        auto outcome = co_await shake_hands(std::move(name), {"http/1.1"});
        outcomes.push_back(std::move(outcome));
    }

    std::string handshake(std::string name, std::vector<std::string> protocols)
    {
        return test::outcome_of(home, shake_hands(std::move(name), std::move(protocols)));
    }

    std::uint64_t count(const char* counter) { return front->stats().counters.at(counter); }

    net::worker home;
    std::vector<net::address> addresses;
    test::temporary_folder folder;
    tls::local_ca ca = tls::local_ca::open(folder.path()).value();
    std::vector<std::string> asked, outcomes;
    std::unique_ptr<edge> front;
    net::task_group tasks{home};
};

TEST_F(Edge, ShowsAChallengeInEveryWorkerOnceItIsApplied)
{
    const std::string path = "/.well-known/acme-challenge/token";
    auto all_say = [&](const std::string& what) {
        for (std::size_t i = 0; i < tries; ++i) {
            auto said = test::outcome_of(home, get(path));
            EXPECT_TRUE(said.starts_with(what)) << said;
        }
    };
    apply({});
    all_say("404 ");
    model::delta put, take;
    auto& challenge = put.upsert.challenges["http-01 token"];
    challenge.token = "token";
    challenge.key_authorization = "token.thumbprint";
    apply(put);
    all_say("200 token.thumbprint");
    take.remove.challenges = {"http-01 token"};
    apply(take);
    all_say("404 ");
}

TEST_F(Edge, CountsNoFailureWhereAHandshakeWasForAChallenge)
{
    auto made = ca.issue("a.example");
    model::delta put, take;
    put.upsert.challenges["tls-alpn-01 a.example"] = {.kind = model::challenge_kind::tls_alpn_01,
                                                      .name = "a.example",
                                                      .token = "",
                                                      .key_authorization = "",
                                                      .chain_pem = made.chain_pem,
                                                      .key_pem = made.key_pem};
    apply(put);
    for (std::size_t i = 0; i < tries; ++i) EXPECT_EQ(handshake("a.example", {"acme-tls/1"}), "acme-tls/1");
    EXPECT_TRUE(test::run_until(home, [&] { return count("connections_open") == 0; })) << "each was closed";
    EXPECT_EQ(count("handshakes_failed"), 0U);
    EXPECT_EQ(count("requests"), 0U);
    take.remove.challenges = {"tls-alpn-01 a.example"};
    apply(take);
    for (std::size_t i = 0; i < tries; ++i) EXPECT_EQ(handshake("a.example", {"acme-tls/1"}), "refused");
    EXPECT_TRUE(test::run_until(home, [&] { return count("handshakes_failed") == tries; }));
}

TEST_F(Edge, LetsHandshakesWaitForCertificatesOnDemand)
{
    model::delta step;
    auto& router = step.upsert.routers["on-demand"];
    router.rule = "PathPrefix(`/`)";
    router.entrypoints = {"https"};
    router.refusal = "nothing is behind it";
    router.ask = "http://127.0.0.1:1/allowed";
    apply(step);
    for (std::size_t i = 0; i < tries; ++i) tasks.spawn("handshake", keep_handshake("new.example"));
    ASSERT_TRUE(test::run_until(home, [&] { return !asked.empty() && count("connections_open") == tries; }));
    certify("other.example");
    EXPECT_EQ(handshake("other.example", {"http/1.1"}), "http/1.1");
    EXPECT_EQ(outcomes.size(), 0U) << "they wait on";
    certify("new.example");
    ASSERT_TRUE(test::run_until(home, [&] { return outcomes.size() == tries; }));
    EXPECT_EQ(outcomes, std::vector<std::string>(tries, "http/1.1"));
    EXPECT_EQ(asked, std::vector<std::string>(asked.size(), "new.example"));
    EXPECT_LT(asked.size(), tries) << "not by each of them";
    EXPECT_TRUE(test::run_until(home, [&] { return count("connections_open") == 0; }));
    EXPECT_EQ(count("handshakes_failed"), 0U);
}

TEST_F(Edge, DoesNotWaitForAnybodyWhenItEnds)
{
    model::delta step;
    auto& router = step.upsert.routers["on-demand"];
    router.rule = "PathPrefix(`/`)";
    router.refusal = "nothing is behind it";
    router.ask = "http://127.0.0.1:1/allowed";
    apply(step);
    tasks.spawn("handshake", keep_handshake("new.example"));
    ASSERT_TRUE(test::run_until(home, [&] { return !asked.empty(); }));
    auto began = steady_clock::now();
    home.complete(front->drain(began));
    EXPECT_LT(steady_clock::now() - began, 3s);
    ASSERT_TRUE(test::run_until(home, [&] { return outcomes.size() == 1; }));
    EXPECT_EQ(outcomes.front(), "refused");
}

}  // namespace
}  // namespace lintel::proxy
