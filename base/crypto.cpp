#include "base/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <vector>

namespace lintel::crypto {

namespace {

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

}  // namespace

std::string sha256_hex(std::string_view bytes)
{
    std::array<char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(raw(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
    return hex({digest.data(), digest.size()});
}

void random_bytes(std::span<std::byte> into)
{
    auto* out = reinterpret_cast<unsigned char*>(into.data());
    if (RAND_bytes(out, static_cast<int>(into.size())) != 1)
        throw std::runtime_error("the system gave no random bytes");
}

std::string random_hex(std::size_t count)
{
    std::vector<std::byte> bytes(count);
    random_bytes(bytes);
    return hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string hex(std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string from_hex(std::string_view digits)
{
    std::string out;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        unsigned char octet = 0;
        auto [end, failure] = std::from_chars(digits.data() + i, digits.data() + i + 2, octet, 16);
        if (failure != std::errc{} || end != digits.data() + i + 2) return {};
        out += static_cast<char>(octet);
    }
    return digits.size() % 2 == 0 ? out : std::string();
}

std::string base64(std::string_view bytes)
{
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    auto length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), raw(bytes), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::string sha1(std::string_view bytes)
{
    std::string digest(SHA_DIGEST_LENGTH, '\0');
    SHA1(raw(bytes), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

}  // namespace lintel::crypto
