#include "net/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <array>

namespace lintel::net {
namespace {

using state = proxy_header::state;
using namespace std::string_literals;

const auto signature = "\r\n\r\n\0\r\nQUIT\n"s;

/// "10.0.0.1:1 > 10.0.0.2:2"; empty where the header says nothing.
std::string said(const proxy_header& read)
{
    return read.ends ? read.ends->source.to_string() + " > " + read.ends->destination.to_string() : "";
}

std::string v2(unsigned char command, unsigned char protocol, const std::string& rest)
{
    auto header = signature;
    header += static_cast<char>(command);
    header += static_cast<char>(protocol);
    header += static_cast<char>(rest.size() >> 8);
    header += static_cast<char>(rest.size() & 0xFF);
    return header + rest;
}

const auto v4_block = "\x0A\0\0\x01\x0A\0\0\x02\x12\x34\x01\xBB"s;  // 10.0.0.1, 10.0.0.2, 4660, 443
const auto v6_block = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01" + "\x20\x01\x0D\xB8"s +
                      std::string(11, '\0') + "\x02" + "\x12\x34\x01\xBB"s;
const auto extension = "\x04\0\x03xyz"s;  // a TLV of no meaning

struct row {
    std::string bytes, ends;
};

const std::array whole_ones{
    row{"PROXY TCP4 10.0.0.1 10.0.0.2 4660 443\r\n", "10.0.0.1:4660 > 10.0.0.2:443"},
    row{"PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535 > 0.0.0.0:0"},
    row{"PROXY TCP6 2001:db8::1 2001:DB8::2 4660 443\r\n", "[2001:db8::1]:4660 > [2001:db8::2]:443"},
    row{"PROXY TCP6 ::ffff:10.0.0.1 ::1 1 2\r\n", "10.0.0.1:1 > [::1]:2"},
    row{"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 > [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    row{"PROXY UNKNOWN\r\n", ""},
    row{"PROXY UNKNOWN 10.0.0.1 nonsense\r\n", ""},
    row{"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
        ""},  // 107 bytes: the longest there is
    row{v2(0x21, 0x11, v4_block), "10.0.0.1:4660 > 10.0.0.2:443"},
    row{v2(0x21, 0x11, v4_block + extension), "10.0.0.1:4660 > 10.0.0.2:443"},
    row{v2(0x21, 0x21, v6_block), "[2001:db8::1]:4660 > [2001:db8::2]:443"},
    row{v2(0x21, 0x21, v6_block + std::string(4096 - 16 - 36, 'x')), "[2001:db8::1]:4660 > [2001:db8::2]:443"},
    row{v2(0x21, 0x00, ""), ""},                     // no family
    row{v2(0x21, 0x00, extension), ""},              //
    row{v2(0x21, 0x12, v4_block), ""},               // a datagram
    row{v2(0x21, 0x31, std::string(216, 'x')), ""},  // unix sockets
    row{v2(0x20, 0x00, ""), ""},                     // LOCAL
    row{v2(0x20, 0x11, v4_block), ""},               // LOCAL: what it says besides is ignored
    row{v2(0x20, 0xFF, "?"), ""},                    //
};

TEST(ProxyProtocol, IsReadWhole)
{
    for (const auto& [bytes, ends] : whole_ones) {
        SCOPED_TRACE(bytes);
        for (const auto& after : {""s, "GET / HTTP/1.1\r\n\r\n"s, "\x16\x03\x01"s}) {
            auto read = read_proxy_header(bytes + after);
            ASSERT_EQ(read.what, state::whole);
            EXPECT_EQ(read.size_bytes, bytes.size());
            EXPECT_EQ(said(read), ends);
        }
    }
}

TEST(ProxyProtocol, WaitsForTheLastByte)
{
    for (const auto& [bytes, ends] : whole_ones) {
        SCOPED_TRACE(bytes);
        for (std::size_t have = 0; have < bytes.size(); ++have) {
            auto read = read_proxy_header(std::string_view(bytes).substr(0, have));
            ASSERT_EQ(read.what, state::need_more) << have;
            EXPECT_EQ(read.size_bytes, 0);
        }
    }
}

TEST(ProxyProtocol, LeavesOtherBytesAlone)
{
    for (const auto& bytes : {"G"s, "GET / HTTP/1.1\r\n"s, "\x16\x03\x01"s, "PROXy "s, "proxy TCP4"s, "PRI * HTTP/2.0"s,
                              "PROXY\r\n"s, "\n"s, "\r\n\r\nGET"s, "\r\n\r\n\0\r\nQUIT "s, "\0"s}) {
        EXPECT_EQ(read_proxy_header(bytes).what, state::not_one) << bytes;
    }
}

TEST(ProxyProtocol, IsRefusedWhereItIsMalformed)
{
    for (const auto& bytes : {
             "PROXY \r\n"s,
             "PROXY TCP4\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1 2 \r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1 2 3\r\n"s,
             "PROXY TCP4  10.0.0.1 10.0.0.2 1 2\r\n"s,
             "PROXY  TCP4 10.0.0.1 10.0.0.2 1 2\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\r\n"s,
             "PROXY TCP4\t10.0.0.1 10.0.0.2 1 2\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 01 2\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 00 2\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 -1 2\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1 65536\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1 99999999999999999999\r\n"s,
             "PROXY TCP4 10.0.0.1 10.0.0.2 1 \r\n"s,
             "PROXY TCP4 010.0.0.1 10.0.0.2 1 2\r\n"s,
             "PROXY TCP4 10.0.0.256 10.0.0.2 1 2\r\n"s,
             "PROXY TCP4 10.0.0.1\0 10.0.0.2 1 2\r\n"s,
             "PROXY TCP4 10.1 10.0.0.2 1 2\r\n"s,
             "PROXY TCP4 ::1 10.0.0.2 1 2\r\n"s,
             "PROXY TCP6 10.0.0.1 ::1 1 2\r\n"s,
             "PROXY TCP6 [::1] ::1 1 2\r\n"s,
             "PROXY TCP6 fe80::1%lo ::1 1 2\r\n"s,
             "PROXY tcp4 10.0.0.1 10.0.0.2 1 2\r\n"s,
             "PROXY UDP4 10.0.0.1 10.0.0.2 1 2\r\n"s,
             "PROXY UNKNOWNS\r\n"s,
             "PROXY UNKNOWN\n"s,
             "PROXY UNKNOWN "s + std::string(92, 'x') + "\r",    // 107 bytes without an end
             "PROXY UNKNOWN "s + std::string(92, 'x') + "\r\n",  // 108 bytes
             v2(0x11, 0x11, v4_block),                           // version 1
             v2(0x31, 0x11, v4_block),                           // version 3
             v2(0x22, 0x11, v4_block),                           // neither LOCAL nor PROXY
             v2(0x21, 0x41, std::string(300, 'x')),              // no such family
             v2(0x21, 0x13, v4_block),                           // no such transport
             v2(0x21, 0x11, v4_block.substr(0, 11)),             // shorter than its addresses
             v2(0x21, 0x21, v6_block.substr(0, 35)),             //
             v2(0x21, 0x31, std::string(215, 'x')),              //
             v2(0x21, 0x11, v4_block + std::string(4096, 'x')),
             v2(0x20, 0x00, std::string(4081, 'x')),
         }) {
        EXPECT_EQ(read_proxy_header(bytes).what, state::malformed) << bytes.size() << " bytes: " << bytes;
    }
}

TEST(ProxyProtocol, RefusesALongOneBeforeItHasCome)
{
    EXPECT_EQ(read_proxy_header("PROXY " + std::string(100, 'x')).what, state::need_more);
    EXPECT_EQ(read_proxy_header("PROXY " + std::string(101, 'x')).what, state::malformed);
    EXPECT_EQ(read_proxy_header(signature + "\x21\x11\xFF\xFF"s).what, state::malformed);
    EXPECT_EQ(read_proxy_header(signature + "\x21\x11\x0F\xF0"s).what, state::need_more) << "4 KiB in all";
}

TEST(ProxyProtocol, IsWrittenAsItIsRead)
{
    auto ip = [](std::string_view text, std::uint16_t port) { return address::of_ip(text, port).value(); };
    struct case_of {
        connection_ends ends;
        std::string line, binary;
    };
    const auto mapped = std::string(10, '\0') + "\xFF\xFF\x0A\0\0\x01"s;
    for (const auto& [ends, line, binary] : {
             case_of{{ip("10.0.0.1", 4660), ip("10.0.0.2", 443)},
                     "PROXY TCP4 10.0.0.1 10.0.0.2 4660 443\r\n",
                     v2(0x21, 0x11, v4_block)},
             case_of{{ip("2001:db8::1", 4660), ip("2001:db8::2", 443)},
                     "PROXY TCP6 2001:db8::1 2001:db8::2 4660 443\r\n",
                     v2(0x21, 0x21, v6_block)},
             case_of{{ip("10.0.0.1", 4660), ip("2001:db8::2", 443)},
                     "PROXY TCP6 ::ffff:10.0.0.1 2001:db8::2 4660 443\r\n",
                     v2(0x21, 0x21, mapped + v6_block.substr(16))},
             case_of{{ip("10.0.0.1", 1), address()}, "PROXY UNKNOWN\r\n", v2(0x21, 0x00, "")},
             case_of{{address::of_unix("/a").value(), ip("::1", 1)}, "PROXY UNKNOWN\r\n", v2(0x21, 0x00, "")},
         }) {
        SCOPED_TRACE(line);
        EXPECT_EQ(write_proxy_header(proxy_version::v1, ends), line);
        EXPECT_EQ(write_proxy_header(proxy_version::v2, ends), binary);
        auto from_line = read_proxy_header(line), from_binary = read_proxy_header(binary);
        EXPECT_EQ(from_line.what, state::whole);
        EXPECT_EQ(from_binary.what, state::whole);
        EXPECT_EQ(said(from_line), said(from_binary));
    }
}

}  // namespace
}  // namespace lintel::net
