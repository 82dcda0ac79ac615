#include "http/chunked.hpp"

#include "tests/support/http_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace lintel::http {
namespace {

using namespace std::string_literals;

struct decoded {
    error_code failure;
    std::string data, trailers;
    std::size_t left = 0;  ///< bytes after the end
    bool finished = false;
    bool operator==(const decoded&) const = default;
};

std::ostream& operator<<(std::ostream& out, const decoded& what)
{
    return out << what.failure.message() << " / " << what.data.substr(0, 100) << " / " << what.trailers << " / "
               << what.left << (what.finished ? " finished" : "");
}

/// Feeds a decoder as a connection does: what was not consumed is offered again, with `step` bytes more.
decoded decode(std::string_view coded, std::size_t step)
{
    chunk_decoder decoder;
    decoded out;
    std::size_t from = 0;
    for (std::size_t end = std::min(step, coded.size());; end = std::min(end + step, coded.size())) {
        for (;;) {
            auto piece = decoder.decode(coded.substr(from, end - from));
            if (!piece) {
                out.failure = piece.error();
                return out;
            }
            out.data += piece->data;
            from += piece->consumed;
            out.finished = piece->finished;
            if (piece->finished || piece->data.empty()) break;
        }
        if (out.finished || end == coded.size()) break;
    }
    for (const auto& each : decoder.trailers())
        out.trailers += std::string(each.name) + '=' + std::string(each.value) + ';';
    out.left = out.finished ? coded.size() - from : 0;
    return out;
}

decoded finished(std::string data, std::string trailers = "", std::size_t left = 0)
{
    return {{}, std::move(data), std::move(trailers), left, true};
}

TEST(ChunkSize, IsHexadecimalWithExtensionsSkipped)
{
    struct row {
        const char* line;
        std::uint64_t size;
    };
    for (auto [line, size] : {row{"0", 0}, row{"5", 5}, row{"aF", 0xAF}, row{"000000000000000f", 15},
                              row{"7fffffffffffffff", 0x7fffffffffffffffU}, row{"5;a", 5}, row{"5;a=b;c=\"d e\"", 5},
                              row{"5 ;a", 5}, row{"5;", 5}}) {
        SCOPED_TRACE(line);
        EXPECT_EQ(parse_chunk_size(line).value(), size);
    }
}

TEST(ChunkSize, IsRefusedWhereItIsAnythingElse)
{
    for (const auto& line : {""s,
                             " 5"s,
                             "5 "s,
                             "\t5"s,
                             "5\t"s,
                             "-5"s,
                             "+5"s,
                             "0x5"s,
                             "x"s,
                             "g"s,
                             "5g"s,
                             "5 6"s,
                             "5,6"s,
                             ";a"s,
                             "8000000000000000"s,
                             "ffffffffffffffff"s,
                             "10000000000000000"s,
                             "00000000000000005"s,
                             "5;a\rb"s,
                             "5;\0"s,
                             "5;a\nb"s,
                             "5=a"s}) {
        SCOPED_TRACE(::testing::PrintToString(line));
        EXPECT_EQ(test::error_of(parse_chunk_size(line)), errc::bad_chunk);
    }
}

TEST(ChunkDecoder, TurnsCodedBytesIntoData)
{
    struct row {
        std::string coded;
        decoded out;
    };
    for (const auto& [coded, out] : {
             row{"0\r\n\r\n", finished("")},
             row{"5\r\nhello\r\n0\r\n\r\n", finished("hello")},
             row{"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", finished("hello world")},
             row{"A;x=y\r\n0123456789\r\n000;z\r\n\r\n", finished("0123456789")},
             row{"2\r\n\r\n\r\n0\r\n\r\n", finished("\r\n")},
             row{"1\r\na\r\n0\r\nX-Sum: 1\r\nY:  z \r\n\r\n", finished("a", "X-Sum=1;Y=z;")},
             row{"1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", finished("a", "", 16)},
             row{"1\r\na\r\n0\r\nA: b\r\n\r\n\r\n\r\n", finished("a", "A=b;", 4)},
             row{"", {}},
             row{"5", {}},
             row{"5\r\nhel", {{}, "hel", "", 0, false}},
             row{"5\r\nhello", {{}, "hello", "", 0, false}},
             row{"5\r\nhello\r\n", {{}, "hello", "", 0, false}},
             row{"5\r\nhello\r\n0\r\n", {{}, "hello", "", 0, false}},
             row{"5\r\nhello\r\n0\r\nA: b\r\n", {{}, "hello", "", 0, false}},
         }) {
        for (std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, coded.size() + 1}) {
            SCOPED_TRACE(coded + " in steps of " + std::to_string(step));
            EXPECT_EQ(decode(coded, step), out);
        }
    }
}

TEST(ChunkDecoder, RefusesWhatIsMalformedHoweverItArrives)
{
    struct row {
        std::string coded;
        errc why;
    };
    for (const auto& [coded, why] : {
             row{"\r\n", errc::bad_chunk},
             row{"x\r\n", errc::bad_chunk},
             row{"5\nhello\n0\n\n", errc::bad_line_end},
             row{"\n", errc::bad_line_end},
             row{"5\r\nhello\n0\r\n\r\n", errc::bad_chunk},
             row{"5\r\nhelloXX0\r\n\r\n", errc::bad_chunk},
             row{"5\r\nhelloX", errc::bad_chunk},
             row{"5\r\nhello!\r\n", errc::bad_chunk},
             row{"5\r\nhello\rX", errc::bad_chunk},
             row{"5\r\nhello\r\n\r\n", errc::bad_chunk},
             row{"5\r\nhello\r\n0\r\n\n", errc::bad_line_end},
             row{"5\r\nhello\r\n0\r\nA: b\n\r\n", errc::bad_line_end},
             row{"0\r\nA b: c\r\n\r\n", errc::bad_field_name},
             row{"0\r\n folded\r\n\r\n", errc::obsolete_folding},
             row{"0\r\nA: \x01\r\n\r\n", errc::bad_field_value},
             row{"0\r\nGET / HTTP/1.1\r\n\r\n", errc::bad_field_name},
             row{"5;" + std::string(5000, 'a') + "\r\nhello\r\n", errc::bad_chunk},
             row{"5;" + std::string(5000, 'a'), errc::bad_chunk},
             row{"5;a\rb\r\nhello\r\n", errc::bad_chunk},
             row{"0\r\nA: " + std::string(17000, 'a'), errc::trailers_too_large},
             row{"0\r\nA: " + std::string(17000, 'a') + "\r\n\r\n", errc::trailers_too_large},
         }) {
        for (std::size_t step : {std::size_t{1}, std::size_t{3}, coded.size()}) {
            SCOPED_TRACE(::testing::PrintToString(coded.substr(0, 60)) + " in steps of " + std::to_string(step));
            EXPECT_EQ(decode(coded, step).failure, why);
        }
    }
}

TEST(ChunkDecoder, GivesTheSameVerdictHoweverTheBytesArrive)
{
    const std::string whole = "4;x=y\r\nabcd\r\n10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\nGET";
    constexpr std::string_view spice = "\r\n\r\n\0 ;0aF:";
    std::mt19937 random(3);
    for (int round = 0; round < 3000; ++round) {
        auto coded = whole;
        for (auto changes = 1 + random() % 3; changes > 0; --changes) {
            auto at = random() % coded.size();
            switch (random() % 3) {
                case 0: coded[at] = spice[random() % spice.size()]; break;
                case 1: coded.insert(at, 1, spice[random() % spice.size()]); break;
                default: coded.erase(at, 1);
            }
        }
        auto at_once = decode(coded, coded.size()), by_byte = decode(coded, 1);
        // The data before a mistake may be given or not; the verdict must be one.
        ASSERT_EQ(at_once.failure, by_byte.failure) << ::testing::PrintToString(coded);
        ASSERT_EQ(at_once.finished, by_byte.finished) << ::testing::PrintToString(coded);
        if (!at_once.failure) ASSERT_EQ(at_once, by_byte) << ::testing::PrintToString(coded);
    }
}

TEST(ChunkDecoder, BoundsTheExtensionsOfAWholeBody)
{
    std::string coded;
    for (int i = 0; i < 40; ++i) coded += "1;" + std::string(2000, 'e') + "\r\na\r\n";
    EXPECT_EQ(decode(coded, 4096).failure, errc::bad_chunk);
}

TEST(ChunkDecoder, BoundsShortExtensionsToo)
{
    std::string coded;
    for (int i = 0; i < 20'000; ++i) coded += "1;eeeeeeee\r\na\r\n";
    EXPECT_EQ(decode(coded, 4096).failure, errc::bad_chunk);
}

TEST(ChunkDecoder, TakesAnyNumberOfPlainChunks)
{
    std::string coded, data;
    for (int i = 0; i < 50'000; ++i) coded += "1\r\na\r\n";
    coded += "5;an-extension=\"of some length\"\r\nhello\r\n0\r\n\r\n";
    auto out = decode(coded, 4096);
    EXPECT_FALSE(out.failure) << "size lines without extensions are no waste: " << out.failure.message();
    EXPECT_EQ(out.data.size(), 50'005U);
}

TEST(ChunkDecoder, CountsTrailerFields)
{
    std::string coded = "0\r\n";
    for (int i = 0; i < 101; ++i) coded += "A: b\r\n";
    EXPECT_TRUE(decode(coded + "\r\n", 4096).failure);
}

TEST(ChunkHead, IsHexAndCrlf)
{
    EXPECT_EQ(chunk_head(1).view(), "1\r\n");
    EXPECT_EQ(chunk_head(31).view(), "1f\r\n");
    EXPECT_EQ(chunk_head(SIZE_MAX).view(), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace lintel::http
