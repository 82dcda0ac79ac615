#include "tls/client_hello.hpp"

#include "base/clock.hpp"
#include "tls/openssl_ptr.hpp"
#include "tls/server_name.hpp"

#include <gtest/gtest.h>

namespace lintel::tls {
namespace {

using namespace std::string_literals;
using verdict = hello_reading::verdict;

std::string number(std::size_t value, int width)
{
    std::string bytes;
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
    return bytes;
}

std::string vector(std::string_view content, int width) { return number(content.size(), width).append(content); }

std::string extension(std::size_t type, std::string_view content) { return number(type, 2) + vector(content, 2); }

std::string name_extension(std::string_view name) { return extension(0, vector("\0"s + vector(name, 2), 2)); }

std::string message(std::string_view extensions)
{
    auto body = "\x03\x03"s + std::string(32, 'r') + vector("session", 1) + vector("\x13\x01", 2) + vector("\0"s, 1) +
                vector(extensions, 2);
    return "\x01"s + vector(body, 3);
}

std::string in_records(std::string_view bytes, std::size_t each = 16'000)
{
    std::string records;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(each, bytes.size())))
        records += "\x16\x03\x01"s + vector(bytes.substr(0, each), 2);
    return records;
}

client_hello read(std::string_view bytes)
{
    auto got = read_client_hello(bytes);
    EXPECT_EQ(got.what, verdict::complete);
    return got.hello;
}

TEST(ClientHello, SaysNameAndProtocols)
{
    auto protocols = extension(16, vector(vector("h2", 1) + vector("http/1.1", 1), 2));
    auto hello = read(in_records(message(extension(10, "xx") + name_extension("Shop.Example.") + protocols)));
    EXPECT_EQ(hello.server_name, "shop.example");
    EXPECT_EQ(hello.protocols, (std::vector<std::string>{"h2", "http/1.1"}));
    EXPECT_EQ(read(in_records(message(""))), client_hello{});
}

TEST(ClientHello, OfOpenSslIsRead)
{
    context_ptr context(SSL_CTX_new(TLS_client_method()));
    ssl_ptr session(SSL_new(context.get()));
    auto *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(session.get(), in, out);
    SSL_set_tlsext_host_name(session.get(), "real.example");
    SSL_connect(session.get());
    char* data = nullptr;
    auto size = BIO_get_mem_data(out, &data);
    EXPECT_EQ(read({data, static_cast<std::size_t>(size)}).server_name, "real.example");
}

TEST(ClientHello, MayComeInPiecesOfAnySize)
{
    auto whole = message(name_extension("a.example") + extension(21, std::string(20'000, '\0')));
    for (std::size_t each : {3U, 4U, 100U, 16'384U}) {
        auto bytes = in_records(whole, each);
        EXPECT_EQ(read(bytes).server_name, "a.example") << each;
        for (std::size_t some = 0; some < bytes.size(); some += 1 + some / 10) {
            EXPECT_EQ(read_client_hello(std::string_view(bytes).substr(0, some)).what, verdict::need_more) << some;
        }
        EXPECT_EQ(read(bytes + "and what follows").server_name, "a.example");
    }
}

TEST(ClientHello, MayDrip)
{
    auto whole = message(name_extension("a.example") + extension(21, std::string(10'000, '\0')));
    for (std::size_t each : {1U, 3U, 16'384U}) {
        auto bytes = in_records(whole, each) + "and what follows";
        client_hello_reader reader;
        std::size_t some = 0;
        hello_reading got;
        while (got.what == verdict::need_more && some <= bytes.size())
            got = reader.read(std::string_view(bytes).substr(0, some++));
        EXPECT_EQ(got.what, verdict::complete) << each;
        EXPECT_EQ(got.hello.server_name, "a.example") << each;
        EXPECT_EQ(some - 1, bytes.size() - std::string_view("and what follows").size()) << each;
    }
}

TEST(ClientHello, IsGoneThroughOnce)
{
    auto endless = in_records("\x01\0\xEA\x60"s + std::string(11'000, 'x'), 1);  // 60,000 bytes are announced
    auto began = steady_clock::now();
    client_hello_reader reader;
    std::size_t some = 0;
    while (some < client_hello_limit_bytes &&
           reader.read(std::string_view(endless).substr(0, some)).what == verdict::need_more)
        ++some;
    EXPECT_EQ(some, client_hello_limit_bytes);
    EXPECT_LT(steady_clock::now() - began, std::chrono::milliseconds(500))
        << "from the beginning each time takes longer";
    EXPECT_EQ(reader.read(std::string_view(endless).substr(0, client_hello_limit_bytes)).what, verdict::not_tls);
}

TEST(ClientHello, IsBounded)
{
    auto longest = message(name_extension("a.example") + extension(21, std::string(60'000, '\0')));
    EXPECT_EQ(read(in_records(longest)).server_name, "a.example");
    EXPECT_EQ(read_client_hello(in_records(longest, 50)).what, verdict::not_tls) << "with its headers it is too long";
    EXPECT_EQ(read_client_hello("\x16\x03\x01\0\x04\x01\xFF\xFF\xFF"s).what, verdict::not_tls) << "it announces more";
    auto never = in_records("\x01\0\xF0\0"s + std::string(100'000, 'x'));
    EXPECT_NE(read_client_hello(never).what, verdict::need_more);
}

TEST(ClientHello, IsNothingElse)
{
    auto good = message(name_extension("a.example"));
    auto changed = [&](std::size_t at, char to) {
        auto bytes = in_records(good);
        bytes[at] = to;
        return bytes;
    };
    auto cut = in_records("\x01"s + vector(std::string_view(good).substr(4, good.size() - 10), 3));
    for (const auto& bytes :
         {"GET / HTTP/1.1\r\n"s, "\x80"s, "\x16\x02"s, "\x17\x03\x03"s, changed(1, 2), changed(5, 2), changed(3, 'x'),
          cut, "\x16\x03\x01\0\0"s, in_records(message(name_extension("a.example") + name_extension("b.example"))),
          in_records(message("\0\0"s)), in_records(message(extension(5, "x") + "\0\1\0\5x"s))}) {
        EXPECT_EQ(read_client_hello(bytes).what, verdict::not_tls) << testing::PrintToString(bytes);
    }
    for (const auto& bytes : {""s, "\x16"s, "\x16\x03"s, "\x16\x03\x01\0"s, "\x16\x03\x01\0\x05"s})
        EXPECT_EQ(read_client_hello(bytes).what, verdict::need_more) << testing::PrintToString(bytes);
}

TEST(ServerName, HasOneForm)
{
    struct row {
        const char *sent, *read;
    };
    for (auto [sent, read] :
         {row{"a.example", "a.example"}, row{"A.EXAMPLE", "a.example"}, row{"a.example.", "a.example"},
          row{"a..", "a."}, row{"xn--bcher-kva.example", "xn--bcher-kva.example"}, row{"127.0.0.1", ""}, row{"::1", ""},
          row{"", ""}, row{".", ""}, row{"a b", ""}}) {
        EXPECT_EQ(normal_server_name(sent), read) << sent;
    }
    EXPECT_EQ(normal_server_name("a\0b"s), "");
    EXPECT_EQ(normal_server_name(std::string(256, 'a')), "");
    EXPECT_EQ(read_server_name(vector("\0"s + vector("a.example", 2), 2)), "a.example");
    EXPECT_EQ(read_server_name(vector("\1"s + vector("a.example", 2), 2)), "") << "no host name";
    EXPECT_EQ(read_server_name("\0\x04\0\0"s), "");
}

}  // namespace
}  // namespace lintel::tls
