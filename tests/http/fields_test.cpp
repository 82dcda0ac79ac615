#include "http/fields.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lintel::http {
namespace {

using namespace std::string_literals;

TEST(Fields, AreIdentifiedInAnyCase)
{
    struct row {
        const char* name;
        field_id id;
    };
    for (auto [name, id] : {
             row{"Connection", field_id::connection},
             row{"CONTENT-LENGTH", field_id::content_length},
             row{"expect", field_id::expect},
             row{"Forwarded", field_id::forwarded},
             row{"hOST", field_id::host},
             row{"Keep-Alive", field_id::keep_alive},
             row{"Proxy", field_id::proxy},
             row{"Proxy-Authenticate", field_id::proxy_authenticate},
             row{"Proxy-Authorization", field_id::proxy_authorization},
             row{"Proxy-Connection", field_id::proxy_connection},
             row{"TE", field_id::te},
             row{"Trailer", field_id::trailer},
             row{"Transfer-Encoding", field_id::transfer_encoding},
             row{"Upgrade", field_id::upgrade},
             row{"X-Forwarded-For", field_id::x_forwarded_for},
             row{"X-Forwarded-Host", field_id::x_forwarded_host},
             row{"X-Forwarded-Port", field_id::x_forwarded_port},
             row{"X-Forwarded-Prefix", field_id::x_forwarded_prefix},
             row{"X-Forwarded-Proto", field_id::x_forwarded_proto},
             row{"X-Real-IP", field_id::x_real_ip},
             row{"X-Request-Id", field_id::x_request_id},
             row{"", field_id::other},
             row{"T", field_id::other},
             row{"Hosts", field_id::other},
             row{"Hos", field_id::other},
             row{"X_Forwarded_For", field_id::other},
             row{"Content_Length", field_id::other},
             row{"Transfer-Encodin", field_id::other},
             row{"X-Forwarded-Server-Name", field_id::x_forwarded_other},
         }) {
        EXPECT_EQ(identify(name), id) << name;
    }
    EXPECT_EQ(identify(std::string(100'000, 'h')), field_id::other);
}

TEST(Fields, FindTheFirstOfAName)
{
    fields all;
    all.add("X-A", "1");
    all.add("Host", "h");
    all.add("x-a", "2");
    EXPECT_EQ(all.find("X-a")->value, "1");
    EXPECT_EQ(all.find(field_id::host)->value, "h");
    EXPECT_EQ(all.find("X-B"), nullptr);
    EXPECT_EQ(all.find(field_id::te), nullptr);
    EXPECT_EQ(all.count(field_id::host), 1U);
    EXPECT_EQ(all.count(field_id::te), 0U);
}

TEST(Fields, HaveTokensInAnyOfTheirLines)
{
    fields all;
    all.add("Connection", "keep-alive, , X-One\t,");
    all.add("connection", "CLOSE");
    all.add("TE", "close-ish");
    for (const char* token : {"keep-alive", "x-one", "close"})
        EXPECT_TRUE(all.has_token(field_id::connection, token)) << token;
    for (const char* token : {"", "keep", "x", "alive", "close-ish"})
        EXPECT_FALSE(all.has_token(field_id::connection, token)) << token;
    EXPECT_FALSE(all.has_token(field_id::te, "close"));
}

TEST(Tokens, AreMadeOfTokenCharacters)
{
    EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
    for (const auto& text : {""s, " "s, "a b"s, "a:"s, "a\0"s, "(a)"s, "a,b"s, "\"a\""s, "a/b"s, "a\x7f"s, "\xC3\xA9"s,
                             "a=b"s, "{a}"s, "a@b"s}) {
        EXPECT_FALSE(is_token(text)) << text;
    }
}

TEST(FieldValues, HaveNoControlCharacterButTab)
{
    for (const auto& text : {""s, "a b\tc"s, "\x80\xFF"s, "\"(){}"s}) EXPECT_TRUE(is_field_value(text)) << text;
    for (int c = 0; c < 0x20; ++c) {
        if (c != '\t') EXPECT_FALSE(is_field_value("a" + std::string(1, static_cast<char>(c)))) << c;
    }
    EXPECT_FALSE(is_field_value("\x7f"));
}

}  // namespace
}  // namespace lintel::http
