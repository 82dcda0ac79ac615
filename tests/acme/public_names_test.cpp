#include "acme/public_names.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

TEST(PublicNames, AreThoseThatACaMayBeAskedFor)
{
    for (const auto* name :
         {"app.example.com", "APP.Example.COM",  "app.example.com.", "*.example.com",     "*.example.com.",
          "example.org",     "xn--bcher-kva.de", "a.xn--p1ai",       "localhost.de",      "mylocal.com",
          "1.2.3.a1",        "a-b.dev",          "home.arpa.net",    "8.8.8.8",           "192.169.1.1",
          "172.32.0.1",      "100.128.0.1",      "2606:4700::1111",  "[2606:4700::1111]", "2a01:4f8::1"}) {
        EXPECT_EQ(why_not_public(name), "") << name;
    }
}

TEST(PublicNames, AreNotThoseOfSpecialSuffixes)
{
    for (std::string suffix : {"localhost", "test", "internal", "local", "home.arpa", "invalid", "example", "onion"}) {
        for (const auto& name : {suffix, "a." + suffix, "A.b." + suffix, "*." + suffix, "a." + suffix + "."}) {
            auto why = why_not_public(name);
            EXPECT_TRUE(why.contains("for ." + suffix + ";")) << name << ": " << why;
        }
    }
    EXPECT_EQ(why_not_public("a.localhost"),
              "a.localhost: no public CA issues certificates for .localhost; the local CA's is used");
}

TEST(PublicNames, AreNoSpecialAddresses)
{
    struct row {
        const char *name, *what;
    };
    for (auto [name, what] : {row{"10.1.2.3", "private"},
                              {"172.16.0.1", "private"},
                              {"172.31.255.255", "private"},
                              {"192.168.0.1", "private"},
                              {"127.0.0.1", "loopback"},
                              {"169.254.1.1", "link-local"},
                              {"100.64.0.1", "carrier's NAT"},
                              {"0.0.0.0", "this network"},
                              {"192.0.2.1", "documentation"},
                              {"224.0.0.1", "multicast"},
                              {"255.255.255.255", "reserved"},
                              {"::1", "loopback"},
                              {"[::1]", "loopback"},
                              {"::", "reserved"},
                              {"FE80::1", "link-local"},
                              {"fd00::1", "private"},
                              {"[2001:DB8::1]", "documentation"},
                              {"ff02::1", "multicast"},
                              {"::ffff:8.8.8.8", "written as IPv6"},
                              {"64:ff9b::808:808", "NAT64"},
                              {"4000::1", "reserved"}}) {
        auto why = why_not_public(name);
        EXPECT_TRUE(why.contains(what) && why.contains("no public CA")) << name << ": " << why;
    }
}

TEST(PublicNames, AreHostNamesOfSeveralLabels)
{
    auto single = why_not_public("app");
    EXPECT_TRUE(single.contains("without a dot")) << single;
    for (std::string name : {"",       ".",         "*.",     "*",        "a..b",  ".a.b",   "a.b..",    "a_b.de",
                             "-a.de",  "a-.de",     "a b.de", "a.*.de",   "*a.de", "*.*.de", "a.de:443", "fe80::1%eth0",
                             "[a.de]", "1.2.3.4.5", "1.2.3",  "256.1.1.1"}) {
        EXPECT_NE(why_not_public(name), "") << name;
    }
    EXPECT_NE(why_not_public(std::string(64, 'a') + ".de"), "");
    EXPECT_EQ(why_not_public(std::string(63, 'a') + ".de"), "");
    std::string longest;
    while (longest.size() < 250) longest += "a.";
    EXPECT_EQ(why_not_public(longest + "com"), "");
    EXPECT_NE(why_not_public(longest + "info"), "");
    auto letters = why_not_public("bücher.de");
    EXPECT_TRUE(letters.contains("xn--")) << letters;
    EXPECT_FALSE(why_not_public("a.b\n.de").contains('\n')) << "fit for a log line";
}

}  // namespace
}  // namespace lintel::acme
