#include "http/h2_connect.hpp"

#include "http/error.hpp"

#include <gtest/gtest.h>

namespace lintel::http {
namespace {

std::string value_of(const fields& list, std::string_view name)
{
    const auto* found = list.find(name);
    return found != nullptr ? std::string(found->value) : "-";
}

TEST(H2Connect, IsAnUpgradeWithAKeyOfOurs)
{
    h2_connect connect;
    request_head request;
    request.method = "CONNECT";
    request.fields.add("sec-websocket-key", "the client's");
    request.fields.add("sec-websocket-version", "13");
    EXPECT_FALSE(connect.asked());
    EXPECT_FALSE(connect.read("websocket", request));
    EXPECT_TRUE(connect.asked());
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(value_of(request.fields, "Upgrade"), "websocket");
    EXPECT_EQ(value_of(request.fields, "Connection"), "upgrade");
    EXPECT_EQ(value_of(request.fields, "Sec-WebSocket-Key").size(), 24U);
    EXPECT_EQ(value_of(request.fields, "Sec-WebSocket-Version"), "13");
    connect.start();
    EXPECT_FALSE(connect.asked()) << "the next request is another one";
}

TEST(H2Connect, TakesNothingElse)
{
    h2_connect connect;
    request_head request;
    EXPECT_EQ(connect.read("connect-udp", request), errc::unknown_protocol);
    request.fields.add({"content-length", "0", field_id::content_length});
    EXPECT_EQ(connect.read("websocket", request), errc::bad_content_length);
    EXPECT_FALSE(connect.asked());
}

TEST(H2Connect, AcceptsTheAnswerToItsKeyOnly)
{
    h2_connect connect;
    request_head request;
    EXPECT_FALSE(connect.read("websocket", request));
    response_head head;
    head.status = 101;
    EXPECT_FALSE(connect.accepted(head));
    head.fields.add("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_FALSE(connect.accepted(head)) << "the answer to another key";
}

}  // namespace
}  // namespace lintel::http
