// What the stream costs below: reads, writes, records.

#include "tests/tls/handshakes.hpp"
#include "tls/record_sizes.hpp"

#include <numeric>

namespace lintel::tls {
namespace {

std::string pattern(std::size_t size)
{
    std::string text(size, '\0');
    std::iota(text.begin(), text.end(), '\0');
    return text;
}

/// The lengths of the records in some ciphertext.
std::vector<std::size_t> records_of(std::string_view bytes)
{
    std::vector<std::size_t> lengths;
    while (bytes.size() >= 5) {
        auto high = static_cast<unsigned char>(bytes[3]), low = static_cast<unsigned char>(bytes[4]);
        lengths.push_back(static_cast<std::size_t>(high << 8 | low));
        bytes.remove_prefix(std::min(bytes.size(), 5 + lengths.back()));
    }
    return lengths;
}

class TlsStream : public Handshakes {
protected:
    std::unique_ptr<net::stream> shaken()
    {
        auto out = handshake("a.example");
        EXPECT_TRUE(out) << why;
        return out ? std::move(*out) : nullptr;
    }

    static result<std::size_t> write(net::stream& to, std::string_view bytes) { return to.try_write({&bytes, 1}); }
};

TEST_F(TlsStream, SendsAFlightAtOnceAndTheTicketsWithTheFirstData)
{
    auto stream = shaken();
    ASSERT_EQ(notes.writes.size(), 1U) << "hello, certificate and finished";
    EXPECT_LE(notes.reads.size(), 2U);
    EXPECT_EQ(write(*stream, "hello").value(), 5U);
    ASSERT_EQ(notes.writes.size(), 2U);
    EXPECT_EQ(records_of(notes.writes[1]).size(), 3U) << "two tickets and the data";
    EXPECT_EQ(client.read(5), "hello");
}

TEST_F(TlsStream, SendsTheTicketsWhenItWaitsForTheClient)
{
    auto stream = shaken();
    (void)stream->wait(net::direction::read);
    EXPECT_EQ(notes.writes.size(), 2U);
}

TEST_F(TlsStream, SendsLargePiecesAtOnceInRecordsThatGrow)
{
    auto stream = shaken();
    auto sent = pattern(64 * 1024);
    EXPECT_EQ(write(*stream, sent).value(), sent.size());
    ASSERT_EQ(notes.writes.size(), 2U);
    auto lengths = records_of(notes.writes[1]);
    EXPECT_EQ(lengths[2], record_sizes::segment + 17) << "after the tickets";
    EXPECT_EQ(lengths.back() > 3 * 1024, true);
    EXPECT_TRUE(client.read(sent.size()) == sent);
    EXPECT_EQ(write(*stream, sent).value(), sent.size());
    ASSERT_EQ(notes.writes.size(), 3U);
    EXPECT_EQ(records_of(notes.writes[2]), (std::vector<std::size_t>(4, 16 * 1024 + 17)));
    EXPECT_TRUE(client.read(sent.size()) == sent);
}

TEST_F(TlsStream, SendsSmallPiecesInOneRecord)
{
    auto stream = shaken();
    (void)stream->wait(net::direction::read);
    std::string body(10'000, 'b');
    std::array<std::string_view, 4> pieces{"head", "", body, "end"};
    EXPECT_EQ(stream->try_write(pieces).value(), 10'007U);
    ASSERT_EQ(notes.writes.size(), 3U);
    EXPECT_EQ(records_of(notes.writes[2]), std::vector<std::size_t>{10'007 + 17});
    EXPECT_EQ(client.read(10'007), "head" + body + "end");
}

TEST_F(TlsStream, TellsOfBytesWhenTheyAreGone)
{
    auto stream = shaken();
    (void)stream->wait(net::direction::read);
    auto sent = pattern(40'000);
    notes.room = 0;
    EXPECT_EQ(write(*stream, sent).error(), net::errc::would_block);
    notes.room = 10'000;
    EXPECT_EQ(write(*stream, sent).error(), net::errc::would_block);
    EXPECT_EQ(write(*stream, sent).error(), net::errc::would_block);
    notes.room = SIZE_MAX;
    EXPECT_EQ(write(*stream, sent).value(), 40'000U);
    EXPECT_TRUE(client.read(sent.size()) == sent) << "once, and in order";
    EXPECT_EQ(write(*stream, "more").value(), 4U);
    EXPECT_EQ(client.read(4), "more");
}

TEST_F(TlsStream, ReadsWholeRecords)
{
    auto stream = shaken();
    (void)stream->wait(net::direction::read);
    loop.round(0ms);
    notes.reads.clear();
    client.write(std::string(8'000, 'x'));
    client.write(std::string(8'000, 'y'));
    loop.round(1s);
    std::array<std::byte, 1000> some;
    std::size_t total = 0;
    while (auto count = stream->try_read(some)) total += *count;
    EXPECT_EQ(total, 16'000U);
    EXPECT_EQ(notes.reads.size(), 1U);
}

TEST(RecordSizes, GrowAndStartSmallAgain)
{
    record_sizes sizes;
    time_point now{100s};
    auto sum = [&](std::size_t total) {
        sizes.begin(total, now);
        std::vector<std::size_t> all;
        for (auto left = total; left > 0; left -= all.back()) all.push_back(sizes.next(left));
        return all;
    };
    EXPECT_EQ(sum(10'000), std::vector<std::size_t>{10'000}) << "a small answer is one record";
    auto first = sum(100'000);
    EXPECT_EQ(first.front(), record_sizes::segment);
    EXPECT_EQ(first[20], record_sizes::middle);
    EXPECT_EQ(first[24], record_sizes::largest);
    EXPECT_EQ(sum(100'000).front(), record_sizes::largest);
    now += 2s;
    EXPECT_EQ(sum(100'000).front(), record_sizes::segment);
}

}  // namespace
}  // namespace lintel::tls
