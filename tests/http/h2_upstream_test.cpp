#include "http/h2_upstream.hpp"

#include "http/error.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"
#include "tests/support/bodies.hpp"
#include "tests/support/h2_bytes.hpp"
#include "tests/support/http_text.hpp"
#include "tests/support/run_until.hpp"
#include "tests/support/socket_pair.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace lintel::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

using test::h2_data, test::h2_goaway, test::h2_head, test::h2_reset;
constexpr int ends = test::h2_ends;

bool contains(const std::vector<std::string>& lines, std::string_view line)
{
    return std::ranges::find(lines, line) != lines.end();
}

struct call_result {
    error_code sent, received;
    int status = 0;
    std::string fields;
    test::whole_body body;
};

/// A connection on a socket pair; the test writes what the upstream says.
class H2Upstream : public testing::Test {
protected:
    H2Upstream() : H2Upstream(test::socket_pair()) {}
    ~H2Upstream() override
    {
        for (auto& each : calls) each->abort();
        loop.complete(running.join());
    }

    /// Says at once what it takes.
    void greet(std::uint32_t streams = 100)
    {
        far.send(test::h2_setting(3, streams));
        EXPECT_TRUE(test::run_until(loop, [&] { return upstream->has_said_how_many(); }));
    }

    /// One more call, which goes on beside the test.
    call_result& begin(const char* method = "GET", body_source* body = nullptr, const model::http_options& options = {})
    {
        auto& call = *calls.emplace_back(upstream->begin_call());
        auto& out = results.emplace_back();
        call.use(options);
        running.spawn("call", run(call, method, body != nullptr ? *body : none, out));
        return out;
    }

    task<void> run(h2_call& call, const char* method, body_source& body, call_result& out)
    {
        request_head head;
        head.method = method;
        head.path = "/x";
        head.authority = "a";
        out.sent = test::error_of(co_await call.send(head, body));
        auto come = co_await call.receive_head();
        out.received = test::error_of(come);
        if (!come) co_return;
        for (const auto& each : (*come)->fields)
            out.fields += std::string(each.name) + '=' + std::string(each.value) + ';';
        out.body = co_await test::read_whole(call.response_body());
        out.status = (*come)->status;
    }

    /// Runs until all calls are over.
    void finish()
    {
        EXPECT_TRUE(test::run_until(loop, [&] { return running.size() == 0; }));
    }

    /// What the upstream got so far, as "TYPE STREAM FLAGS" of each frame behind the preface.
    std::vector<std::string> frames()
    {
        far_text += drained();
        auto text = std::string_view(far_text);
        EXPECT_TRUE(text.starts_with(h2_preface));
        text.remove_prefix(h2_preface.size());
        std::vector<std::string> list;
        while (text.size() >= 9) {
            auto octet = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
            std::size_t length = octet(0) << 16 | octet(1) << 8 | octet(2);
            auto stream = octet(5) << 24 | octet(6) << 16 | octet(7) << 8 | octet(8);
            auto line = std::to_string(octet(3)) + ' ' + std::to_string(stream) + ' ' + std::to_string(octet(4));
            if (octet(3) == static_cast<int>(h2_frame::rst_stream)) line += " code " + std::to_string(octet(12));
            list.push_back(line);
            text.remove_prefix(9 + length);
        }
        return list;
    }

    bool has(const std::string& line)
    {
        return test::run_until(loop, [&] { return contains(frames(), line); });
    }

    std::string drained()
    {
        char some[64 * 1024];
        auto count = ::recv(far.get(), some, sizeof some, MSG_DONTWAIT);
        return count > 0 ? std::string(some, static_cast<std::size_t>(count)) : "";
    }

    net::worker loop;
    test::far_side far;
    std::shared_ptr<h2_upstream> upstream;
    memory_body none;
    std::deque<call_result> results;
    std::vector<std::unique_ptr<h2_call>> calls;
    std::string far_text;
    net::task_group running{loop};

private:
    explicit H2Upstream(std::pair<unique_fd, test::far_side> both)
        : far(std::move(both.second)),
          upstream(std::make_shared<h2_upstream>(
              loop, net::make_stream(loop, std::move(both.first), test::nowhere()).value(), upstream_limits{}))
    {
    }
};

TEST_F(H2Upstream, SendsARequestAndReadsTheResponse)
{
    auto& out = begin();
    greet();
    EXPECT_TRUE(has("1 1 5")) << "HEADERS of stream 1 that end it";
    far.send(h2_head(1, {{":status", "200"}, {"x", "y"}}) + h2_data(1, "hel") + h2_data(1, "lo") +
             h2_head(1, {{"t", "u"}}, ends));
    finish();
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(out.fields, "x=y;");
    EXPECT_EQ(out.body.bytes, "hello");
    EXPECT_EQ(out.body.trailers, "t=u;");
    EXPECT_FALSE(out.body.reset);
    EXPECT_EQ(upstream->calls(), 0U);
}

TEST_F(H2Upstream, CarriesManyCallsWithinWhatTheUpstreamTakes)
{
    begin();
    EXPECT_FALSE(upstream->has_room()) << "nobody has said how many";
    greet(2);
    EXPECT_TRUE(upstream->has_room());
    auto& second = begin();
    EXPECT_FALSE(upstream->has_room());
    far.send(h2_head(3, {{":status", "204"}}, ends) + h2_head(1, {{":status", "200"}}, ends));
    finish();
    EXPECT_EQ(second.status, 204);
    EXPECT_TRUE(upstream->has_room());
    EXPECT_TRUE(calls[1]->on_used_connection());
    EXPECT_FALSE(calls[0]->on_used_connection());
}

TEST_F(H2Upstream, SendsBodiesWithTheirTrailers)
{
    fields trailers;
    trailers.add("X-End", "1");
    test::piecewise_body body({"abc", "def"}, &trailers);
    auto& out = begin("POST", &body);
    greet();
    EXPECT_TRUE(has("0 1 0"));
    EXPECT_TRUE(has("1 1 5")) << "trailers end it";
    far.send(h2_head(1, {{":status", "200"}}, ends));
    finish();
    EXPECT_FALSE(out.sent);
    EXPECT_EQ(out.status, 200);
}

TEST_F(H2Upstream, TakesTheEndOfAKnownLengthWhenItComes)
{
    fields trailers;
    trailers.add("x-sum", "3");
    int stream = 1;
    for (auto end : {body_piece::end_with(nullptr), body_piece::end_with(&trailers)}) {
        test::late_end body(loop, "abc");
        auto& out = begin("POST", &body);
        if (stream == 1) greet();
        EXPECT_TRUE(has("0 " + std::to_string(stream) + " 0"));
        body.come(end);
        bool trails = end.trailers != nullptr;
        EXPECT_TRUE(has((trails ? "1 " : "0 ") + std::to_string(stream) + (trails ? " 5" : " 1")));
        far.send(h2_head(static_cast<std::uint32_t>(stream), {{":status", "204"}}, ends));
        finish();
        EXPECT_FALSE(out.sent);
        EXPECT_EQ(out.status, 204);
        stream += 2;
    }
    test::late_end broken(loop, "abc");
    auto& out = begin("POST", &broken);
    EXPECT_TRUE(has("0 5 0"));
    broken.come(body_piece::reset(errc::other_length));
    EXPECT_TRUE(has("3 5 0 code 8")) << "never as if it were whole";
    finish();
    EXPECT_EQ(out.sent, errc::upstream_failed);
}

TEST_F(H2Upstream, NeverEndsARequestWhoseBodyBroke)
{
    test::piecewise_body body({"abc"}, nullptr, errc::cut_short);
    auto& out = begin("POST", &body);
    greet();
    EXPECT_TRUE(has("3 1 0 code 8")) << "RST_STREAM(CANCEL)";
    finish();
    EXPECT_EQ(out.sent, errc::upstream_failed);
    auto seen = frames();
    EXPECT_FALSE(contains(seen, "0 1 1") || contains(seen, "1 1 5"));
    EXPECT_TRUE(upstream->has_room()) << "the connection lives on";
}

TEST_F(H2Upstream, KnowsWhatTheUpstreamDidNothingWith)
{
    auto& first = begin();
    greet();
    auto& second = begin();
    begin();
    EXPECT_TRUE(has("1 5 5"));
    far.send(h2_reset(5, h2_code::refused_stream) + h2_goaway(1) + h2_head(1, {{":status", "200"}}, ends));
    finish();
    EXPECT_EQ(first.status, 200) << "it was taken in";
    EXPECT_EQ(second.received, errc::stream_refused);
    EXPECT_FALSE(calls[0]->unprocessed());
    EXPECT_TRUE(calls[1]->unprocessed() && calls[2]->unprocessed());
    EXPECT_TRUE(upstream->leaving());
    EXPECT_FALSE(upstream->has_room());
}

TEST_F(H2Upstream, TakesAResetForWhatItIs)
{
    auto& out = begin();
    greet();
    far.send(h2_head(1, {{":status", "200"}}) + h2_data(1, "abc") + h2_reset(1, h2_code::internal_error));
    finish();
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(out.body.reset, errc::stream_reset);
    EXPECT_FALSE(calls[0]->unprocessed());
    EXPECT_FALSE(is_malformed(out.body.reset));
}

TEST_F(H2Upstream, ACallThatIsBrokenOffCostsItsStreamOnly)
{
    auto& out = begin();
    auto& other = begin();
    greet();
    EXPECT_TRUE(has("1 3 5"));
    calls[0]->abort();
    EXPECT_TRUE(has("3 1 0 code 8"));
    far.send(h2_head(1, {{":status", "200"}}, ends) + h2_head(3, {{":status", "200"}}, ends));
    finish();
    EXPECT_EQ(out.received, net::errc::aborted);
    EXPECT_EQ(other.status, 200);
}

TEST_F(H2Upstream, RefusesAnswersThatCanNotBeTrusted)
{
    struct row {
        std::string answer;
        errc why;
    };
    int stream = -1;
    greet();
    for (const auto& make : {
             +[](int id) { return row{h2_head(id, {{"x", "y"}}), errc::bad_pseudo_field}; },
             +[](int id) { return row{h2_head(id, {{":status", "20"}}), errc::bad_status_line}; },
             +[](int id) { return row{h2_head(id, {{":status", "101"}}), errc::unasked_upgrade}; },
             +[](int id) { return row{h2_head(id, {{":status", "103"}}, ends), errc::bad_status_line}; },
             +[](int id) {
                 return row{h2_head(id, {{":status", "200"}, {"connection", "x"}}), errc::connection_field};
             },
             +[](int id) { return row{h2_head(id, {{":status", "200"}, {"X", "y"}}), errc::bad_field_name}; },
             +[](int id) { return row{h2_head(id, {{":status", "200"}, {"x", "a\rb"}}), errc::bad_field_value}; },
             +[](int id) {
                 return row{h2_head(id, {{":status", "200"}, {"content-length", "x"}}), errc::bad_content_length};
             },
             +[](int id) {
                 return row{h2_head(id, {{":status", "200"}, {"content-length", "3"}}, ends), errc::other_length};
             },
         }) {
        stream += 2;
        auto [answer, why] = make(stream);
        auto& out = begin();
        far.send(answer);
        finish();
        EXPECT_EQ(out.received, why);
        EXPECT_TRUE(calls.back()->response_begun());
        EXPECT_TRUE(is_malformed(out.received));
    }
    EXPECT_TRUE(upstream->has_room());
}

TEST_F(H2Upstream, HoldsABodyToItsLength)
{
    greet();
    auto& more = begin();
    far.send(h2_head(1, {{":status", "200"}, {"content-length", "2"}}) + h2_data(1, "abc", ends));
    finish();
    EXPECT_EQ(more.body.reset, errc::other_length);
    auto& bodiless = begin("HEAD");
    far.send(h2_head(3, {{":status", "200"}, {"content-length", "2"}}, ends));
    finish();
    EXPECT_FALSE(bodiless.body.reset);
    auto& trailing = begin();
    far.send(h2_head(5, {{":status", "200"}}) + h2_head(5, {{"t", "u"}}));
    finish();
    EXPECT_EQ(trailing.body.reset, errc::bad_trailers);
}

TEST_F(H2Upstream, SilenceHasItsLimits)
{
    greet();
    auto& silent = begin("GET", nullptr, {.first_byte_timeout = 1ms});
    finish();
    EXPECT_EQ(silent.received, net::errc::timed_out);
    EXPECT_TRUE(upstream->leaving()) << "nothing was heard at all";
    auto& pausing = begin("GET", nullptr, {.between_bytes_timeout = 1ms});
    far.send(h2_head(3, {{":status", "200"}}) + h2_data(3, "abc"));
    finish();
    EXPECT_EQ(pausing.body.bytes, "abc");
    EXPECT_EQ(pausing.body.reset, net::errc::timed_out);
}

TEST_F(H2Upstream, AConnectionThatEndsEndsItsCalls)
{
    greet();
    auto& out = begin();
    auto& half = begin();
    far.send(h2_head(3, {{":status", "200"}}) + h2_data(3, "abc"));
    EXPECT_TRUE(test::run_until(loop, [&] { return calls[1]->response_begun(); }));
    far.close();
    finish();
    EXPECT_TRUE(out.received);
    EXPECT_FALSE(calls[0]->response_begun());
    EXPECT_TRUE(half.body.reset);
    EXPECT_TRUE(upstream->over());
}

TEST_F(H2Upstream, WhatIsNoHttp2IsMalformed)
{
    auto& out = begin();
    far.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    finish();
    EXPECT_EQ(out.received, errc::bad_frames);
    EXPECT_TRUE(is_malformed(out.received));
}

}  // namespace
}  // namespace lintel::http
