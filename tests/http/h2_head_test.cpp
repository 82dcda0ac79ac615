#include "http/h2_head.hpp"

#include "http/error.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace lintel::http {
namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t most = 64 * 1024;

class H2Head : public testing::Test {
protected:
    error_code read(const pairs& fields, const head_limits& limits = {})
    {
        list.clear();
        for (const auto& [name, value] : fields) list.add(name, value, most);
        auto done = list.read(limits, head);
        return done ? error_code() : done.error();
    }

    static pairs request(pairs extra = {})
    {
        pairs all{{":method", "GET"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/x?y"}};
        all.insert(all.end(), extra.begin(), extra.end());
        return all;
    }

    static pairs without(std::string_view name, pairs extra = {})
    {
        auto all = request();
        std::erase_if(all, [&](const auto& each) { return each.first == name; });
        all.insert(all.end(), extra.begin(), extra.end());
        return all;
    }

    pairs seen() const
    {
        pairs all;
        for (const auto& each : head.fields) all.emplace_back(each.name, each.value);
        return all;
    }

    h2_field_list list;
    request_head head;
};

TEST_F(H2Head, BecomesARequest)
{
    ASSERT_EQ(read(request({{"x-a", "1"}, {"te", "trailers"}})), error_code());
    EXPECT_EQ(head.method, "GET");
    EXPECT_EQ(head.target, "/x?y");
    EXPECT_EQ(head.version, version::http_2);
    EXPECT_EQ(seen(), (pairs{{"Host", "a.example"}, {"x-a", "1"}, {"te", "trailers"}}));
}

TEST_F(H2Head, NeedsItsPseudoFieldsOnceAndFirst)
{
    for (const auto* name : {":method", ":scheme", ":path"})
        EXPECT_EQ(read(without(name)), errc::bad_pseudo_field) << name;
    for (const auto& each : request()) EXPECT_EQ(read(request({each})), errc::bad_pseudo_field) << each.first;
    EXPECT_EQ(read(request({{"x-a", "1"}, {":path", "/"}})), errc::bad_pseudo_field);
    EXPECT_EQ(read(without(":path", {{"x-a", "1"}, {":path", "/"}})), errc::bad_pseudo_field);
    EXPECT_EQ(read(request({{":status", "200"}})), errc::bad_pseudo_field);
    EXPECT_EQ(read(request({{":protocol", "websocket"}})), errc::bad_pseudo_field) << "not with GET";
    EXPECT_EQ(read(without(":scheme", {{":scheme", "ftp"}})), errc::bad_target);
    EXPECT_EQ(read(without(":path", {{":path", "x"}})), errc::bad_target);
}

TEST_F(H2Head, KeepsTheHostOnce)
{
    EXPECT_EQ(read(request({{"host", "a.example"}})), error_code());
    EXPECT_EQ(seen(), (pairs{{"Host", "a.example"}}));
    EXPECT_EQ(read(request({{"host", "b.example"}})), errc::bad_host);
    EXPECT_EQ(read(request({{"host", "a.example"}, {"host", "b.example"}})), errc::bad_host);
    EXPECT_EQ(read(without(":authority", {{"host", "b.example"}})), error_code());
    EXPECT_EQ(seen(), (pairs{{"host", "b.example"}}));
}

TEST_F(H2Head, RefusesWhatConcernsConnections)
{
    for (const auto& each : pairs{{"connection", "close"},
                                  {"keep-alive", "x"},
                                  {"proxy-connection", "x"},
                                  {"transfer-encoding", "chunked"},
                                  {"upgrade", "websocket"},
                                  {"te", "gzip"}})
        EXPECT_EQ(read(request({each})), errc::connection_field) << each.first;
}

TEST_F(H2Head, RefusesNamesAndValuesThatMayNotBe)
{
    using namespace std::string_literals;
    for (const auto& name : {"X-A"s, ""s, "x a"s, "x:a"s, "x\n"s, "x\0"s})
        EXPECT_NE(read(request({{name, "1"}})), error_code()) << name;
    for (const auto& value : {"a\rb"s, "a\nb"s, "a\0b"s, " a"s, "a "s, "\ta"s, "a\x7f"s})
        EXPECT_EQ(read(request({{"x-a", value}})), errc::bad_field_value) << value;
    EXPECT_EQ(read(request({{"x-a", ""}})), error_code());
}

TEST_F(H2Head, JoinsTheCrumbsOfCookies)
{
    ASSERT_EQ(read(request({{"cookie", "a=1"}, {"x-a", "1"}, {"cookie", "b=2"}, {"cookie", "c"}})), error_code());
    EXPECT_EQ(seen(), (pairs{{"Host", "a.example"}, {"cookie", "a=1; b=2; c"}, {"x-a", "1"}}));
    ASSERT_EQ(read(request({{"cookie", ""}, {"cookie", "a=1"}, {"cookie", ""}})), error_code());
    EXPECT_EQ(seen(), (pairs{{"Host", "a.example"}, {"cookie", "a=1"}})) << "empty ones add nothing";
    EXPECT_EQ(read(request({{"cookie", "a=1 "}, {"cookie", "b=2"}})), errc::bad_field_value) << "each is a field value";
}

TEST_F(H2Head, FindsAFieldWhateverBecameOfTheHead)
{
    read(request({{"content-type", "application/grpc"}, {"connection", "close"}}));
    EXPECT_EQ(list.find("content-type"), "application/grpc");
    EXPECT_FALSE(list.find("content-length"));
}

TEST_F(H2Head, HasTheLimitsOfHttp1)
{
    pairs hundred(99, {"x-a", "1"});
    EXPECT_EQ(read(request(hundred)), error_code());
    hundred.emplace_back("x-a", "1");
    EXPECT_EQ(read(request(hundred)), errc::head_too_large);
    // "GET /x?y HTTP/1.1\r\nHost: a.example\r\nx-a: …\r\n\r\n"
    head_limits limits{.head_bytes = 100};
    constexpr std::size_t around = 19 + 17 + 7 + 2;
    EXPECT_EQ(read(request({{"x-a", std::string(100 - around, 'a')}}), limits), error_code());
    EXPECT_EQ(read(request({{"x-a", std::string(101 - around, 'a')}}), limits), errc::head_too_large);
    EXPECT_EQ(read(request({{"x-a", std::string(most, 'a')}})), errc::head_too_large);
    EXPECT_TRUE(list.too_large());
    EXPECT_EQ(read(without(":path", {})), errc::bad_pseudo_field);
    EXPECT_EQ(read(without(":method", {{":method", std::string(33, 'X')}})), errc::method_too_long);
}

TEST_F(H2Head, KnowsAnExtendedConnect)
{
    ASSERT_EQ(read({{":method", "CONNECT"},
                    {":protocol", "websocket"},
                    {":scheme", "https"},
                    {":authority", "a"},
                    {":path", "/"}}),
              error_code());
    EXPECT_EQ(list.protocol(), "websocket");
    ASSERT_EQ(read({{":method", "CONNECT"}, {":authority", "a:1"}}), error_code()) << "refused by who knows methods";
    EXPECT_EQ(list.protocol(), "");
}

TEST_F(H2Head, TrailersHaveNoPseudoFields)
{
    fields trailers;
    list.add("x-sum", "1", most);
    EXPECT_TRUE(list.read_trailers({}, trailers));
    EXPECT_EQ(trailers.size(), 1U);
    list.add(":path", "/", most);
    EXPECT_EQ(list.read_trailers({}, trailers).error(), errc::bad_pseudo_field);
}

pairs written(const response_head& head, bool bodiless, std::optional<std::uint64_t> length)
{
    std::string digits;
    std::vector<h2_field> out;
    write_head(head, bodiless, length, digits, out);
    pairs all;
    for (const auto& each : out) all.emplace_back(each.name, each.value);
    return all;
}

TEST(H2ResponseHead, SaysTheLengthAndNothingOfConnections)
{
    response_head head;
    head.status = 200;
    for (const auto* name : {"Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Proxy-Connection"})
        head.fields.add(name, "x");
    head.fields.add("Content-Length", "99");
    head.fields.add("X-A", "1");
    EXPECT_EQ(written(head, false, 5), (pairs{{":status", "200"}, {"X-A", "1"}, {"content-length", "5"}}));
    EXPECT_EQ(written(head, false, {}), (pairs{{":status", "200"}, {"X-A", "1"}}));
    EXPECT_EQ(written(head, true, {}), (pairs{{":status", "200"}, {"Content-Length", "99"}, {"X-A", "1"}})) << "HEAD";
    head.status = 204;
    EXPECT_EQ(written(head, true, {}), (pairs{{":status", "204"}, {"X-A", "1"}}));
}

TEST(H2Priority, IsReadAsFarAsItIsUnderstood)
{
    using row = std::pair<std::string_view, h2_priority>;
    for (const auto& [text, wanted] :
         {row{"", {}}, row{"u=0", {0, false}}, row{"u=7, i", {7, true}}, row{"i", {3, true}}, row{"i=?0", {3, false}},
          row{"u=8", {}}, row{"u=-1", {}}, row{"x, u=5;a=b, i=?1", {5, true}}, row{"u=", {}}, row{",,", {}}})
        EXPECT_EQ(read_priority(text), wanted) << text;
}

}  // namespace
}  // namespace lintel::http
