#include "http/fetch.hpp"

#include "net/error.hpp"
#include "net/task_group.hpp"
#include "tests/support/on_worker.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <future>

namespace lintel::http {
namespace {

using namespace std::chrono_literals;
using test::run_until;
using outcome = std::expected<fetch_response, fetch_failure>;

class Fetch : public testing::Test {
protected:
    fetch_request over_socket(std::string path_and_query) const
    {
        fetch_request request;
        request.url = "http://docker" + path_and_query;
        request.unix_socket = folder / "socket";
        return request;
    }

    /// Runs one exchange to its end.
    outcome run(fetch_request request)
    {
        fetcher client(home);
        return test::outcome_of(home, client.fetch(std::move(request)));
    }

    test::temporary_folder folder;
    net::worker home;
};

task<void> store(fetcher& client, fetch_request request, std::optional<outcome>& into)
{
    into = co_await client.fetch(std::move(request));
}

TEST_F(Fetch, ReturnsStatusFieldsAndBody)
{
    std::string seen;
    test::tiny_server server(folder / "socket", [&](test::peer& client) {
        seen = client.next_request().value_or("");
        client.send("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nX-Odd-Case:  yes \r\n\r\nno\n");
    });
    auto answer = run(over_socket("/v1.41/containers/x/json?a=b"));
    ASSERT_TRUE(answer) << answer.error().why;
    EXPECT_EQ(answer->status, 404);
    EXPECT_EQ(answer->body, "no\n");
    EXPECT_EQ(answer->fields.back(), (std::pair<std::string, std::string>("x-odd-case", "yes")));
    EXPECT_TRUE(seen.starts_with("GET /v1.41/containers/x/json?a=b HTTP/1.1\r\nHost: docker\r\n")) << seen;
}

TEST_F(Fetch, SendsMethodFieldsAndBodyAsTheyAre)
{
    std::string seen;
    test::tiny_server server(folder / "socket", [&](test::peer& client) {
        seen = client.next_request().value_or("");
        client.answer(200, "");
    });
    auto request = over_socket("/x");
    request.method = "PUT";
    request.body = "{\"a\":1}";
    request.fields = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    ASSERT_TRUE(run(request));
    EXPECT_TRUE(seen.starts_with("PUT /x HTTP/1.1\r\n")) << seen;
    EXPECT_TRUE(seen.ends_with("\r\n\r\n{\"a\":1}")) << seen;
    EXPECT_NE(seen.find("Content-Type: application/json\r\n"), std::string::npos) << seen;
    EXPECT_NE(seen.find("X-Empty:\r\n"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Expect"), std::string::npos) << seen;
}

TEST_F(Fetch, DoesNotFollowRedirects)
{
    test::tiny_server server([](test::peer& client) {
        client.next_request();
        client.send("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    });
    fetch_request request;
    request.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    auto answer = run(request);
    ASSERT_TRUE(answer) << answer.error().why;
    EXPECT_EQ(answer->status, 302);
}

TEST_F(Fetch, KeepsConnectionsBetweenCalls)
{
    test::tiny_server server(folder / "socket", [](test::peer& client) {
        while (client.next_request()) client.answer(200, "again");
    });
    fetcher client(home);
    for (int i = 0; i < 5; ++i) {
        std::optional<outcome> answer;
        home.complete(store(client, over_socket("/"), answer));
        EXPECT_EQ((*answer)->body, "again");
    }
    EXPECT_EQ(server.accepted(), 1);
}

TEST_F(Fetch, HandsOverAStreamInOrderOnTheCallersThreadBeforeItReturns)
{
    std::promise<void> first_read;
    test::tiny_server server(folder / "socket", [&](test::peer& client) {
        client.next_request();
        client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send_chunk("one ");
        first_read.get_future().wait();
        for (auto word : {"two ", "three "}) client.send_chunk(word);
        client.send_chunk("");
    });
    std::string streamed;
    std::string when_returned;
    auto request = over_socket("/events");
    request.timeout = {};
    request.on_data = [&, caller = std::this_thread::get_id()](std::string_view bytes) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        if (streamed.empty()) first_read.set_value();
        streamed += bytes;
    };
    auto answer = run(request);
    ASSERT_TRUE(answer) << answer.error().why;
    EXPECT_EQ(answer->body, "");
    EXPECT_EQ(streamed, "one two three ");
}

TEST_F(Fetch, StreamsMoreThanItsWindow)
{
    constexpr std::size_t total = 8U << 20;
    test::tiny_server server(folder / "socket", [&](test::peer& client) {
        client.next_request();
        client.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n" +
                    std::string(total, 'x'));
    });
    std::size_t received = 0;
    auto request = over_socket("/logs");
    request.on_data = [&](std::string_view bytes) { received += bytes.size(); };

    fetcher client(home);
    std::optional<outcome> answer;
    home.complete(store(client, request, answer));
    EXPECT_TRUE(*answer) << (*answer).error().why;
    EXPECT_EQ(received, total);
}

TEST_F(Fetch, KeepsTheBodyOfARefusalOutOfTheStream)
{
    test::tiny_server server(folder / "socket", [](test::peer& client) {
        client.next_request();
        client.answer(400, "client is too new");
    });
    auto request = over_socket("/events");
    request.on_data = [](std::string_view) { ADD_FAILURE() << "not a 2xx"; };
    auto answer = run(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 400);
    EXPECT_EQ(answer->body, "client is too new");
}

TEST_F(Fetch, RefusesAnAnswerAboveItsLimit)
{
    test::tiny_server server(folder / "socket", [](test::peer& client) {
        client.next_request();
        client.answer(200, std::string(101, 'x'));
    });
    auto request = over_socket("/?token=secret");
    request.limit_bytes = 100;
    auto answer = run(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, boost::system::errc::message_size);
    EXPECT_EQ(answer.error().why,
              "GET http://docker/ over " + folder / "socket" + ": the answer is longer than 100 bytes");
}

TEST_F(Fetch, SaysThatASocketIsMissing)
{
    auto answer = run(over_socket("/_ping"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, boost::system::errc::no_such_file_or_directory) << answer.error().code.message();
}

TEST_F(Fetch, SaysThatASocketRefuses)
{
    {
        test::tiny_server gone(folder / "socket", [](test::peer&) {});
    }
    auto answer = run(over_socket("/_ping"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, boost::system::errc::connection_refused) << answer.error().code.message();
    EXPECT_NE(answer.error().why.find("refused"), std::string::npos) << answer.error().why;
}

TEST_F(Fetch, SaysThatThePeerHungUp)
{
    test::tiny_server server(folder / "socket", [](test::peer& client) { client.next_request(); });
    auto answer = run(over_socket("/_ping"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, net::errc::end_of_stream) << answer.error().why;
}

TEST_F(Fetch, GivesUpAfterItsTimeout)
{
    test::tiny_server server(folder / "socket", [](test::peer& client) { client.wait_for_close(); });
    auto request = over_socket("/slow");
    request.timeout = 20ms;
    auto answer = run(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, boost::system::errc::timed_out) << answer.error().why;
}

TEST_F(Fetch, RefusesLineBreaksInTheHead)
{
    auto request = over_socket("/");
    request.fields = {{"X-A", "b\r\nX-Smuggled: c"}};
    auto answer = run(request);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, boost::system::errc::invalid_argument);
}

TEST_F(Fetch, EndsTheTransferWhenItsTaskIsCancelled)
{
    std::promise<void> closed;
    test::tiny_server server(folder / "socket", [&](test::peer& client) {
        client.next_request();
        client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send_chunk("event");
        client.wait_for_close();
        closed.set_value();
    });
    fetcher client(home);
    net::task_group tasks(home);
    std::optional<outcome> answer;
    int pieces = 0;
    auto request = over_socket("/events");
    request.timeout = {};
    request.on_data = [&](std::string_view) {
        ++pieces;
        tasks.stop();
    };
    tasks.spawn("fetch", store(client, request, answer));
    ASSERT_TRUE(run_until(home, [&] { return pieces > 0 && tasks.size() == 0; }));
    EXPECT_FALSE(answer && *answer);
    EXPECT_EQ(pieces, 1);
    EXPECT_EQ(closed.get_future().wait_for(5s), std::future_status::ready) << "the connection stays open";
}

TEST_F(Fetch, EndsWhatRunsWhenItIsDestroyed)
{
    test::tiny_server server(folder / "socket", [](test::peer& client) { client.wait_for_close(); });
    std::optional<outcome> answer;
    std::optional<fetcher> client(home);
    net::task_group tasks(home);
    tasks.spawn("fetch", store(*client, over_socket("/"), answer));
    ASSERT_TRUE(run_until(home, [&] { return server.accepted() == 1; }));
    client.reset();
    ASSERT_TRUE(run_until(home, [&] { return tasks.size() == 0; }));
    ASSERT_TRUE(answer && !*answer);
    EXPECT_EQ((*answer).error().code, net::errc::aborted);
}

class endless_flow final : public net::flow {
public:
    using flow::flow;

private:
    void ended(const std::exception_ptr&) override { FAIL() << "it ended"; }
};

TEST_F(Fetch, MayBeDestroyedUnfinished)
{
    test::tiny_server server(folder / "socket", [](test::peer& client) { client.wait_for_close(); });
    std::optional<outcome> answer;
    auto client = std::make_unique<fetcher>(home);
    {
        endless_flow unfinished(home, store(*client, over_socket("/"), answer));
        unfinished.start();
        ASSERT_TRUE(run_until(home, [&] { return server.accepted() == 1; }));
        client.reset();
    }
    EXPECT_FALSE(answer);
}

}  // namespace
}  // namespace lintel::http
