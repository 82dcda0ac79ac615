#include "http/framing.hpp"

#include "tests/support/http_text.hpp"

#include <gtest/gtest.h>

namespace lintel::http {
namespace {

using kind = framing::kind;
using test::request_text;
using test::response_text;

struct framed {
    const char* fields;
    error_code failure;
    framing how;
};

framed good(const char* fields, kind what, std::uint64_t length = 0) { return {fields, {}, {what, length}}; }
framed bad(const char* fields, errc why) { return {fields, make_error_code(why), {}}; }

/// What the two fields may say, alone and together, in a message of version 1.1.
const framed both_ways[] = {
    good("Content-Length: 5\r\n", kind::length, 5),
    good("content-LENGTH:5\r\n", kind::length, 5),
    good("Content-Length:\t 5 \t\r\n", kind::length, 5),
    good("Content-Length: 0005\r\n", kind::length, 5),
    good("Content-Length: 9223372036854775807\r\n", kind::length, 9223372036854775807U),
    bad("Content-Length: 9223372036854775808\r\n", errc::bad_content_length),
    bad("Content-Length: 18446744073709551615\r\n", errc::bad_content_length),
    bad("Content-Length: 18446744073709551616\r\n", errc::bad_content_length),
    bad("Content-Length: 99999999999999999999999999\r\n", errc::bad_content_length),
    bad("Content-Length:\r\n", errc::bad_content_length),
    bad("Content-Length: +5\r\n", errc::bad_content_length),
    bad("Content-Length: -5\r\n", errc::bad_content_length),
    bad("Content-Length: 0x5\r\n", errc::bad_content_length),
    bad("Content-Length: 5 5\r\n", errc::bad_content_length),
    bad("Content-Length: 5.0\r\n", errc::bad_content_length),
    bad("Content-Length: 5, 5\r\n", errc::bad_content_length),
    bad("Content-Length: 5,\r\n", errc::bad_content_length),
    bad("Content-Length: 5\r\nContent-Length: 5\r\n", errc::bad_content_length),
    bad("Content-Length: 5\r\nContent-Length: 6\r\n", errc::bad_content_length),
    bad("Content-Length: 5\r\nX: y\r\ncontent-length: 0\r\n", errc::bad_content_length),
    good("Transfer-Encoding: chunked\r\n", kind::chunked),
    good("transfer-encoding: CHUNKED\r\n", kind::chunked),
    bad("Transfer-Encoding:\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: identity\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: gzip\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: gzip, chunked\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: chunked, gzip\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: chunked, chunked\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: chunked,\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: ,chunked\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: \"chunked\"\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: chunked;q=1\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: xchunked\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", errc::bad_transfer_encoding),
    bad("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", errc::ambiguous_framing),
    bad("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", errc::ambiguous_framing),
    bad("Content-Length: 0\r\nTransfer-Encoding: identity\r\n", errc::ambiguous_framing),
    bad("Content-Length: x\r\nTransfer-Encoding: chunked\r\n", errc::ambiguous_framing),
    // Names that only look alike are not framing fields.
    good("Content-Length: 5\r\nContent_Length: 6\r\n", kind::length, 5),
    good("Content-Length: 5\r\nX-Transfer-Encoding: chunked\r\n", kind::length, 5),
};

TEST(FramingOfRequests, HasOneInterpretationOrNone)
{
    for (const auto& [fields, failure, how] : both_ways) {
        SCOPED_TRACE(fields);
        request_text text("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
        ASSERT_FALSE(text.failure);
        auto found = framing_of(text.head);
        EXPECT_EQ(test::error_of(found), failure);
        if (found) EXPECT_EQ(*found, how);
    }
}

TEST(FramingOfRequests, IsNoneWithoutFieldsAndWithLengthZero)
{
    for (const char* fields : {"", "Content-Length: 0\r\n", "Content-Length: 00\r\n"}) {
        for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
            SCOPED_TRACE(method);
            request_text text(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
            EXPECT_EQ(framing_of(text.head).value(), framing{});
        }
    }
}

TEST(FramingOfRequests, NeverReadsABodyUntilClose)
{
    request_text text("POST / HTTP/1.0\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(framing_of(text.head).value(), framing{});
}

TEST(FramingOfRequests, DoesNotDependOnTheMethod)
{
    for (const char* method : {"GET", "HEAD", "OPTIONS", "DELETE", "BREW"}) {
        SCOPED_TRACE(method);
        request_text text(std::string(method) + " / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(framing_of(text.head).value(), (framing{kind::length, 3}));
    }
}

TEST(FramingOfRequests, RefusesAnyTransferEncodingInHttp10)
{
    for (const char* coding : {"chunked", "identity", "gzip", ""}) {
        SCOPED_TRACE(coding);
        request_text text("POST / HTTP/1.0\r\nTransfer-Encoding: " + std::string(coding) + "\r\n\r\n");
        EXPECT_EQ(test::error_of(framing_of(text.head)), errc::bad_transfer_encoding);
    }
    request_text with_length("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(framing_of(with_length.head).value(), (framing{kind::length, 5}));
}

TEST(FramingOfResponses, HasOneInterpretationOrNone)
{
    for (const auto& [fields, failure, how] : both_ways) {
        SCOPED_TRACE(fields);
        response_text text("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n");
        ASSERT_FALSE(text.failure);
        auto found = framing_of(text.head, "GET");
        EXPECT_EQ(test::error_of(found), failure);
        if (found) EXPECT_EQ(*found, how);
    }
}

TEST(FramingOfResponses, ReadsUntilCloseWhereNothingIsDeclared)
{
    response_text text("HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(framing_of(text.head, "GET").value(), (framing{kind::until_close, 0}));
    response_text older("HTTP/1.0 200 OK\r\n\r\n");
    EXPECT_EQ(framing_of(older.head, "POST").value(), (framing{kind::until_close, 0}));
}

TEST(FramingOfResponses, KeepsADeclaredLengthOfZero)
{
    response_text text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(framing_of(text.head, "GET").value(), (framing{kind::length, 0})) << "not until close";
}

TEST(FramingOfResponses, IsNoneWhereNoBodyCanFollow)
{
    struct row {
        const char* method;
        int status;
    };
    for (auto [method, status] : {row{"HEAD", 200}, row{"HEAD", 404}, row{"GET", 100}, row{"GET", 103}, row{"GET", 204},
                                  row{"POST", 204}, row{"GET", 304}}) {
        for (const char* fields : {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
            SCOPED_TRACE(std::string(method) + ' ' + std::to_string(status) + ' ' + fields);
            response_text text("HTTP/1.1 " + std::to_string(status) + " X\r\n" + fields + "\r\n");
            EXPECT_EQ(framing_of(text.head, method).value(), framing{});
        }
    }
}

TEST(FramingOfResponses, IsStrictEvenWhereNoBodyCanFollow)
{
    response_text text("HTTP/1.1 304 X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(test::error_of(framing_of(text.head, "GET")), errc::ambiguous_framing);
    EXPECT_EQ(test::error_of(framing_of(text.head, "HEAD")), errc::ambiguous_framing);
}

TEST(FramingOfResponses, RefusesChunkedFromHttp10)
{
    response_text text("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(test::error_of(framing_of(text.head, "GET")), errc::bad_transfer_encoding);
}

TEST(FramingOfResponses, KnowsHeadByItsExactSpelling)
{
    response_text text("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(framing_of(text.head, "head").value(), (framing{kind::length, 5})) << "methods are case-sensitive";
}

}  // namespace
}  // namespace lintel::http
