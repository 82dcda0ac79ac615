#include "proxy/access_log.hpp"

#include "base/file.hpp"
#include "tests/support/tiny_server.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <algorithm>

namespace lintel::proxy {
namespace {

using namespace std::string_literals;

bool has(const std::string& line, std::string_view part) { return line.find(part) != line.npos; }

TEST(AccessLine, SaysWhatIsKnown)
{
    access_record record;
    record.started = steady_clock::now();
    record.client = "10.0.0.1";
    record.entrypoint = "https";
    record.protocol = "HTTP/1.1";
    record.tls = true;
    record.method = "GET";
    record.host = "a.example";
    record.path = "/x";
    record.status = 200;
    record.attempts = 2;
    record.sent_bytes = 12;
    record.route = "r";
    record.request_id = "id";
    auto line = access_log::format(record);
    EXPECT_TRUE(line.starts_with("{\"ts\":\"20")) << line;
    EXPECT_TRUE(line.ends_with("}\n")) << line;
    for (auto part :
         {"\"client\":\"10.0.0.1\"", "\"entrypoint\":\"https\"", "\"protocol\":\"HTTP/1.1\"", "\"tls\":true",
          "\"method\":\"GET\"", "\"host\":\"a.example\"", "\"path\":\"/x\"", "\"status\":200", "\"attempts\":2",
          "\"sent_bytes\":12", "\"route\":\"r\"", "\"request_id\":\"id\"", "\"duration_us\":"}) {
        EXPECT_TRUE(has(line, part)) << part << " in " << line;
    }
    EXPECT_FALSE(has(line, "\"reason\"")) << "empty ones are left out";
    EXPECT_FALSE(has(line, "\"service\"")) << line;
}

TEST(AccessLine, IsOneLineWhateverItsFieldsHold)
{
    access_record record;
    record.started = steady_clock::now();
    auto path = "/\n\r\t\"\\\x01\x7f\x1b[31m"s + '\0' + "caf\xC3\xA9\xFF"s;
    record.path = path;
    record.method = "G\nT";
    auto line = access_log::format(record);
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    EXPECT_TRUE(std::ranges::none_of(line.substr(0, line.size() - 1),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
    EXPECT_TRUE(has(line, R"(/\n\r\t\"\\\u0001\u007f\u001b[31m\u0000café)")) << line;
}

TEST(AccessLine, BoundsItsFields)
{
    access_record record;
    record.started = steady_clock::now();
    std::string path(1 << 20, 'a');
    record.path = path;
    EXPECT_LT(access_log::format(record).size(), 4096U);
}

TEST(AccessRing, KeepsItsOrderAndDropsWhenItIsFull)
{
    access_ring ring;
    std::size_t pushed = 0;
    while (ring.push(std::to_string(pushed) + "\n")) ++pushed;
    EXPECT_GE(pushed, 1000U);
    std::string out;
    ring.drain(out);
    EXPECT_TRUE(out.starts_with("0\n1\n2\n"));
    EXPECT_TRUE(out.ends_with(std::to_string(pushed - 1) + "\n"));
    EXPECT_TRUE(ring.push("again\n"));
    out.clear();
    ring.drain(out);
    EXPECT_EQ(out, "again\n");
    ring.drain(out);
    EXPECT_EQ(out, "again\n");
}

TEST(AccessRing, LosesNothingBetweenTwoThreads)
{
    access_ring ring;
    constexpr int count = 20'000;
    std::thread writer([&] {
        for (int i = 0; i < count; ++i) {
            while (!ring.push(std::to_string(i) + "\n")) std::this_thread::yield();
        }
    });
    std::string out;
    while (std::ranges::count(out, '\n') < count) {
        std::string more;
        ring.drain(more);
        out += more;
        if (more.empty()) std::this_thread::yield();
    }
    writer.join();
    std::string expected;
    for (int i = 0; i < count; ++i) expected += std::to_string(i) + "\n";
    EXPECT_TRUE(out == expected);
}

TEST(AccessLog, WritesWhatWaitsWhenItEnds)
{
    test::temporary_folder folder;
    auto path = folder / "access.log";
    {
        access_log log(unique_fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)), 2);
        log.ring(0).push("one\n");
        log.ring(1).push("two\n");
    }
    EXPECT_EQ(file::read(path).value(), "one\ntwo\n");
}

}  // namespace
}  // namespace lintel::proxy
