#pragma once
// A connection of HTTP/2 that is served, with the test as its client and as the handler of each request.

#include "http/error.hpp"
#include "http/h2_connection.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/h2_peer.hpp"
#include "tests/support/http_text.hpp"
#include "tests/support/run_until.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace lintel::test {

/// What became of something that runs beside the test.
template <class T>
struct pending {
    bool over = false;
    T value{};
};

/// One request that is being answered: until the test lets go of it, or its client does after watch().
struct visit final : http::departure_observer {
    visit(http::exchange& one, net::worker& loop) : asked(one), released(loop) {}
    void watch() { asked.watch_departure(this); }
    void client_left() override
    {
        ++departures;
        released.notify();
    }

    http::exchange& asked;  ///< as long as it is not over
    net::event released;
    int departures = 0;
    bool over = false;
};

class h2_served : public testing::Test {
protected:
    h2_served() : h2_served(socket_pair()) {}
    ~h2_served() override
    {
        client.close();
        auto over = [](const auto& each) { return each.over; };
        EXPECT_TRUE(
            run_until(loop, [&] { return std::ranges::all_of(outcomes_, over) && std::ranges::all_of(read_, over); }));
        for (auto& each : visits) each.released.notify();
        EXPECT_TRUE(run_until(loop, [&] { return running.size() == 0; })) << "everything ends with its connection";
    }

    /// Serves, with the client's preface and SETTINGS sent.
    void start() { start(http::h2_preface); }
    void start(std::string_view preface)
    {
        connection.emplace(loop, net::make_stream(loop, std::move(ours_), nowhere()).value(), limits, book);
        running.spawn("connection", serve());
        if (preface.empty()) return;
        client.send(std::string(preface) + h2_frame(http::h2_frame::settings, 0));
    }

    bool until(const std::function<bool()>& done)
    {
        return run_until(loop, [&] {
            peer.receive();
            return done();
        });
    }

    /// Both sides have seen what was said so far.
    bool settle()
    {
        client.send(h2_frame(http::h2_frame::ping, 0, "12345678"));
        return until([&, before = peer.pongs] { return peer.pongs > before; });
    }

    void ask(std::uint32_t stream, std::string_view method = "GET", int flags = h2_ends, h2_fields more = {})
    {
        std::string block = hpack_field(":method", method) + hpack_field(":scheme", "http") +
                            hpack_field(":path", "/x") + hpack_field(":authority", "a");
        for (auto [name, value] : more) block += hpack_field(name, value);
        client.send(h2_frame(http::h2_frame::headers, stream, block, flags | http::h2_frame_header::end_headers));
    }

    /// The n-th request, which has arrived.
    visit& asked(std::size_t number = 1)
    {
        EXPECT_TRUE(until([&] { return visits.size() >= number; }));
        return visits.at(number - 1);
    }

    static http::response_head head_of(int status)
    {
        http::response_head head;
        head.status = status;
        return head;
    }

    pending<error_code>& respond(visit& to, http::response_head head, http::body_source& body)
    {
        auto& out = outcomes_.emplace_back();
        auto& kept = heads_.emplace_back(std::move(head));
        running.spawn("respond", responding(to.asked, kept, body, out));
        return out;
    }

    pending<error_code>& respond(visit& to, int status, std::string_view body = "")
    {
        return respond(to, head_of(status), bodies_.emplace_back(body));
    }

    /// Answers it and lets go of it.
    void finish(visit& one, int status = 200, std::string_view body = "")
    {
        auto& given = respond(one, status, body);
        EXPECT_TRUE(until([&] { return given.over; }));
        leave(one);
    }

    void leave(visit& one)
    {
        one.released.notify();
        EXPECT_TRUE(until([&] { return one.over; }));
    }

    pending<error_code>& inform(visit& to, http::response_head head)
    {
        auto& out = outcomes_.emplace_back();
        running.spawn("inform", informing(to.asked, heads_.emplace_back(std::move(head)), out));
        return out;
    }

    pending<whole_body>& read_whole(visit& from)
    {
        auto& out = read_.emplace_back();
        running.spawn("read", reading(from.asked.body(), out));
        return out;
    }

    net::worker loop;
    http::connection_limits limits;
    http::connection_book book;
    far_side client;
    h2_peer peer;
    std::optional<http::h2_connection> connection;
    std::deque<visit> visits;
    std::vector<error_code> refused;
    std::vector<std::pair<http::h2_attack, bool>> attacks;
    bool served = false;  ///< the connection is over
    net::task_group running{loop};

private:
    explicit h2_served(std::pair<unique_fd, far_side> ends)
        : client(std::move(ends.second)), peer(client.get()), ours_(std::move(ends.first))
    {
    }

    task<void> serve()
    {
        http::h2_connection::observers by{
            [this](http::exchange& one) { return attend(one); },
            [this](const net::stream&, int, error_code why) { refused.push_back(why); },
            [this](const net::stream&, http::h2_attack how, bool ends) { attacks.emplace_back(how, ends); }};
        co_await connection->serve(by);
        served = true;
    }

    task<void> attend(http::exchange& one)
    {
        auto& mine = visits.emplace_back(one, loop);
        co_await mine.released.wait();
        mine.over = true;
    }

    static task<void> responding(http::exchange& to, const http::response_head& head, http::body_source& body,
                                 pending<error_code>& out)
    {
        out.value = error_of(co_await to.respond(head, body));
        out.over = true;
    }

    static task<void> informing(http::exchange& to, const http::response_head& head, pending<error_code>& out)
    {
        out.value = error_of(co_await to.inform(head));
        out.over = true;
    }

    static task<void> reading(http::body_source& from, pending<whole_body>& out)
    {
        out.value = co_await test::read_whole(from);
        out.over = true;
    }

    unique_fd ours_;
    std::deque<pending<error_code>> outcomes_;
    std::deque<pending<whole_body>> read_;
    std::deque<http::response_head> heads_;
    std::deque<http::memory_body> bodies_;
};

}  // namespace lintel::test
