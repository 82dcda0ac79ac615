#include "net/address.hpp"

#include "net/error.hpp"

#include <gtest/gtest.h>

#include <netinet/in.h>

namespace lintel::net {
namespace {

TEST(Address, IsReadFromText)
{
    struct row {
        const char *text, *ip, *printed;
    };
    for (auto [text, ip, printed] : {
             row{"10.0.0.1", "10.0.0.1", "10.0.0.1:80"},
             row{"::1", "::1", "[::1]:80"},
             row{"[2001:DB8:0:0::1]", "2001:db8::1", "[2001:db8::1]:80"},
             row{"::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1:80"},
             row{"0.0.0.0", "0.0.0.0", "0.0.0.0:80"},
         }) {
        SCOPED_TRACE(text);
        auto read = address::of_ip(text, 80);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->ip(), ip);
        EXPECT_EQ(read->port(), 80);
        EXPECT_EQ(read->to_string(), printed);
        EXPECT_TRUE(read->is_ip());
    }
}

TEST(Address, IsNotReadFromOtherText)
{
    using namespace std::string_literals;
    for (const auto& text : {""s, "a"s, "10.0.0"s, "10.0.0.256"s, "10.0.0.1 "s, " 10.0.0.1"s, "10.0.0.1:80"s, "[::1"s,
                             "::1]"s, "[]"s, ":::"s, "::1%lo"s, "0x7f.1"s, "127.1"s, "10.0.0.1\0x"s, "localhost"s}) {
        auto read = address::of_ip(text, 80);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error(), errc::not_an_address);
    }
}

TEST(Address, NeverIsAMappedOne)
{
    sockaddr_in6 mapped{};
    mapped.sin6_family = AF_INET6;
    mapped.sin6_port = htons(443);
    mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xFF;
    mapped.sin6_addr.s6_addr[12] = 10;
    mapped.sin6_addr.s6_addr[15] = 7;
    address read(reinterpret_cast<const sockaddr*>(&mapped), sizeof mapped);
    EXPECT_EQ(read.family(), AF_INET);
    EXPECT_EQ(read.to_string(), "10.0.0.7:443");
}

TEST(Address, OfAUnixSocketIsItsPath)
{
    auto read = address::of_unix("/run/x.sock").value();
    EXPECT_EQ(read.to_string(), "unix:/run/x.sock");
    EXPECT_FALSE(read.is_ip());
    EXPECT_EQ(read.ip(), "");
    EXPECT_EQ(read.port(), 0);
    EXPECT_TRUE(address::of_unix(std::string(107, 'a')));
    EXPECT_FALSE(address::of_unix(std::string(108, 'a')));
    EXPECT_FALSE(address::of_unix(""));
}

TEST(HostPort, IsAnAddressOrAll)
{
    struct row {
        const char *text, *host;
        int port;
    };
    for (auto [text, host, port] : {row{":80", "", 80}, row{"127.0.0.1:0", "127.0.0.1", 0},
                                    row{"[::1]:443", "[::1]", 443}, row{"0.0.0.0:65535", "0.0.0.0", 65535}}) {
        auto read = parse_host_port(text);
        ASSERT_TRUE(read) << text;
        EXPECT_EQ(read->host, host);
        EXPECT_EQ(read->port, port);
    }
}

TEST(HostPort, IsAProblemOtherwise)
{
    for (const char* text :
         {"", "80", ":", "127.0.0.1", "127.0.0.1:", ":65536", ":-1", ":+1", ": 80", ":80 ", ":http", "localhost:80",
          "[::1]", "[::1]80", "a:b:c", "http://127.0.0.1:80", ":99999999999999999999"}) {
        auto read = parse_host_port(text);
        ASSERT_FALSE(read) << text;
        EXPECT_FALSE(read.error().what.empty());
    }
}

TEST(NetworkSet, ContainsWhatItsNetworksCover)
{
    auto set = network_set::parse({"10.0.0.0/8", "192.168.1.128/25", "172.16.5.4", "2001:db8::/33", "::1"}).value();
    for (const char* ip : {"10.0.0.0", "10.255.255.255", "192.168.1.128", "192.168.1.255", "172.16.5.4", "2001:db8::1",
                           "2001:db8:7fff::1", "::1", "::ffff:10.1.2.3"}) {
        EXPECT_TRUE(set.contains_ip(ip)) << ip;
    }
    for (const char* ip : {"11.0.0.0", "9.255.255.255", "192.168.1.127", "172.16.5.5", "2001:db8:8000::1", "::2",
                           "::", "nonsense", ""}) {
        EXPECT_FALSE(set.contains_ip(ip)) << ip;
    }
    EXPECT_FALSE(set.contains(address::of_unix("/x").value()));
    EXPECT_FALSE(network_set().contains_ip("10.0.0.1"));
}

TEST(NetworkSet, MayCoverEverything)
{
    auto set = network_set::parse({"0.0.0.0/0", "::/0"}).value();
    EXPECT_TRUE(set.contains_ip("1.2.3.4"));
    EXPECT_TRUE(set.contains_ip("2001:db8::1"));
    EXPECT_FALSE(network_set::parse({"0.0.0.0/0"}).value().contains_ip("::1"));
}

TEST(NetworkSet, IsAProblemWhereOneIsMalformed)
{
    for (const char* text :
         {"", "a", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "10.0/8", "/8"}) {
        auto set = network_set::parse({"10.0.0.0/8", text});
        ASSERT_FALSE(set) << text;
        EXPECT_NE(set.error().what.find("not a network"), std::string::npos);
    }
}

}  // namespace
}  // namespace lintel::net
