#include "acme/redirect.hpp"

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

std::string from_there(std::string_view location, bool https = false)
{
    auto page = redirected({https, "app.test", https ? std::uint16_t{443} : std::uint16_t{80}, "/a/b?c=d"}, location);
    return page ? page->url() : "nowhere";
}

TEST(Redirect, LeadsToPagesOfTheWeb)
{
    struct row {
        const char *location, *url;
    };
    for (auto [location, url] : {row{"http://other.test/x?y=z", "http://other.test/x?y=z"},
                                 {"https://Other.TEST./x", "https://other.test/x"},
                                 {"HTTPS://other.test", "https://other.test/"},
                                 {"https://other.test?q", "https://other.test/?q"},
                                 {"https://other.test/x#part", "https://other.test/x"},
                                 {"http://other.test:8080/x", "http://other.test:8080/x"},
                                 {"http://other.test:80/x", "http://other.test/x"},
                                 {"http://other.test:/x", "http://other.test/x"},
                                 {"http://[2001:DB8::1]:81/", "http://[2001:db8::1]:81/"},
                                 {"http://[2001:db8::1]/", "http://[2001:db8::1]/"},
                                 {"http://me:secret@other.test/", "http://other.test/"},
                                 {"//other.test/x", "http://other.test/x"},
                                 {"/x:y", "http://app.test/x:y"},
                                 {"x", "http://app.test/a/x"},
                                 {"?x=y", "http://app.test/a/b?x=y"}}) {
        EXPECT_EQ(from_there(location), url) << location;
    }
    EXPECT_EQ(from_there("//other.test/x", true), "https://other.test/x");
}

TEST(Redirect, LeadsNowhereElse)
{
    for (const auto* location :
         {"", "#part", "ftp://other.test/", "javascript:1", "mailto:a@b.c", "http:/x", "http://", "http:///x",
          "http://other.test:0/", "http://other.test:65536/", "http://a:b/", "http://a b/", "/x\ty", "/x\r\nHost: y"}) {
        EXPECT_EQ(from_there(location), "nowhere") << location;
    }
}

TEST(Redirect, NamesItsOriginWithoutWhatMayBeSecret)
{
    EXPECT_EQ(redirected({}, "https://me:secret@login.test/?token=secret")->origin(), "https://login.test");
}

}  // namespace
}  // namespace lintel::acme
