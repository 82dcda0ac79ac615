#include "base/text.hpp"

#include "base/crypto.hpp"
#include "base/json_text.hpp"
#include "base/units.hpp"

#include <gtest/gtest.h>

namespace lintel {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using strings = std::vector<std::string>;

strings copied(const std::vector<std::string_view>& parts) { return {parts.begin(), parts.end()}; }

TEST(Text, KnowsCaseInAsciiOnly)
{
    EXPECT_EQ(text::lower("AbZ-\xC3\x84"), "abz-\xC3\x84");
    EXPECT_TRUE(text::equal_caseless("Content-Length", "CONTENT-length"));
    EXPECT_FALSE(text::equal_caseless("a", "ab"));
    EXPECT_FALSE(text::equal_caseless("[", "{"));
    EXPECT_TRUE(text::equal_caseless("", ""));
}

TEST(Text, IsTrimmedOfSpacesAndTabs)
{
    EXPECT_EQ(text::trim(" \ta b\t "), "a b");
    EXPECT_EQ(text::trim(" \t "), "");
    EXPECT_EQ(text::trim("\r\na\n"), "\r\na\n");
}

TEST(Text, IsSplitAndJoined)
{
    EXPECT_EQ(copied(text::split("a,,b,", ',')), (strings{"a", "", "b", ""}));
    EXPECT_EQ(copied(text::split("", ',')), strings{""});
    EXPECT_EQ(copied(text::split_list(" a , ,b\t,, ")), (strings{"a", "b"}));
    EXPECT_TRUE(text::split_list(" , ").empty());
    EXPECT_EQ(text::join(strings{"a", "b"}, ", "), "a, b");
    EXPECT_EQ(text::join({}, ", "), "");
}

TEST(Text, HoldsWholeDecimalNumbers)
{
    EXPECT_EQ(text::parse_decimal("0"), 0U);
    EXPECT_EQ(text::parse_decimal("007"), 7U);
    EXPECT_EQ(text::parse_decimal("18446744073709551615"), UINT64_MAX);
    for (const auto& digits :
         {""s, " 1"s, "1 "s, "+1"s, "-1"s, "1.0"s, "0x1"s, "1e3"s, "18446744073709551616"s, "1\0"s, "\xD9\xA1"s}) {
        EXPECT_FALSE(text::parse_decimal(digits)) << digits;
    }
}

TEST(Text, HasANearestNeighbour)
{
    strings known{"Host", "Path", "PathPrefix"};
    EXPECT_EQ(text::nearest("Hots", known), "Host");
    EXPECT_EQ(text::nearest("pathprefx", known), "PathPrefix");
    EXPECT_EQ(text::nearest("lintel.hots", strings{"lintel.host", "lintel.hsts"}), "lintel.host");
    EXPECT_EQ(text::nearest("Frobnicate", known), "");
    EXPECT_EQ(text::nearest("", known), "");
    EXPECT_EQ(text::nearest("a", strings{"b"}), "") << "every letter is another";
}

TEST(Text, IsMadePrintable)
{
    EXPECT_EQ(text::printable("a\n\"\\\x7f\xC3\xA9"), R"(a\x0a\x22\x5c\x7f\xc3\xa9)");
    EXPECT_EQ(text::printable("abcdef", 3), "abc…");
    EXPECT_EQ(text::printable("abc", 3), "abc");
}

TEST(Durations, AreReadAsPeopleWriteThem)
{
    struct row {
        const char* text;
        duration value;
    };
    for (auto [text, value] : {row{"250ms", 250ms}, row{"10s", 10s}, row{"1m30s", 90s}, row{"2h", 2h}, row{"15", 15s},
                               row{"0", 0s}, row{"0s", 0s}, row{"1us", 1us}, row{"7ns", 7ns}, row{"8760h", 8760h}}) {
        EXPECT_EQ(units::parse_duration(text), value) << text;
    }
    for (const char* text : {"", "s", "-1s", "+1s", "1 s", " 1s", "1s ", "1.5s", "1d", "1S", "s1", "1s2", "8761h",
                             "9999999999h", "31536001", "18446744073709551616", "1h1h1hx"}) {
        EXPECT_FALSE(units::parse_duration(text)) << text;
    }
}

TEST(Durations, AreWrittenSoThatTheyAreReadBack)
{
    for (duration value : {duration(0s), duration(90s), duration(1500ms), duration(7ns), duration(2h)}) {
        EXPECT_EQ(units::parse_duration(units::format(value)), value) << units::format(value);
    }
}

TEST(Sizes, AreReadAsPeopleWriteThem)
{
    EXPECT_EQ(units::parse_bytes("512"), 512U);
    EXPECT_EQ(units::parse_bytes("64KiB"), 65536U);
    EXPECT_EQ(units::parse_bytes("10MiB"), 10U << 20);
    EXPECT_EQ(units::parse_bytes("1GiB"), 1U << 30);
    for (const char* text :
         {"", "KiB", "1KB", "1kib", "1.5MiB", "-1", "18446744073709551616", "99999999999GiB", "1MiBs"}) {
        EXPECT_FALSE(units::parse_bytes(text)) << text;
    }
}

TEST(JsonText, IsQuotedAndEscaped)
{
    EXPECT_EQ(json_text::quoted(""), "\"\"");
    EXPECT_EQ(json_text::quoted("a\"\\\n\r\t\x01\x7f"s + '\0'), R"("a\"\\\n\r\t\u0001\u007f\u0000")");
    EXPECT_EQ(json_text::quoted("é€😀"), "\"é€😀\"");
    for (const auto& broken :
         {"\xFF"s, "\xC3"s, "\xC0\x80"s, "\xED\xA0\x80"s, "\xF4\x90\x80\x80"s, "\xE2\x82"s, "\x80"s}) {
        auto quoted = json_text::quoted(broken);
        EXPECT_NE(quoted.find("\uFFFD"), quoted.npos);
        EXPECT_EQ(quoted.find(broken), quoted.npos);
    }
}

TEST(Crypto, KnowsItsDigestsAndEncodings)
{
    EXPECT_EQ(crypto::sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(crypto::hex(crypto::sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(crypto::base64("a"), "YQ==");
    EXPECT_EQ(crypto::base64(""), "");
    EXPECT_EQ(crypto::base64("\xFB\xFF\xBF"), "+/+/");
    auto bytes = "\0\x01\xFE\xFF"s;
    EXPECT_EQ(crypto::from_hex(crypto::hex(bytes)), bytes);
    for (const char* digits : {"0", "0g", "g0", "-1", " 1", "0x", "abc"})
        EXPECT_EQ(crypto::from_hex(digits), "") << digits;
    EXPECT_EQ(crypto::random_hex(16).size(), 32U);
    EXPECT_NE(crypto::random_hex(16), crypto::random_hex(16));
}

}  // namespace
}  // namespace lintel
