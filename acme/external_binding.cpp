// What of acme/account_key.hpp needs no key pair: base64url, and signatures with a secret that a CA hands out.

#include "acme/account_key.hpp"
#include "base/crypto.hpp"
#include "base/json_text.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <vector>

namespace lintel::acme {

namespace {

/// The padding's share of a text.
std::string_view without_padding(std::string_view text)
{
    while (text.ends_with('=')) text.remove_suffix(1);
    return text;
}

std::optional<unsigned> sextet_of(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '-') return 62;
    if (c == '_') return 63;
    return {};
}

std::string hmac_sha256(std::string_view key, std::string_view text)
{
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned length = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), reinterpret_cast<unsigned char*>(out.data()), &length);
    out.resize(length);
    return out;
}

}  // namespace

std::string base64url(std::string_view bytes)
{
    auto text = crypto::base64(bytes);
    text.resize(without_padding(text).size());
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    return text;
}

checked<std::string> from_base64url(std::string_view text)
{
    auto digits = without_padding(text);
    std::string out;
    unsigned bits = 0, pending = 0;
    for (char c : digits) {
        auto sextet = sextet_of(c);
        if (!sextet) return std::unexpected(problem{"", "not base64url (RFC 4648 §5: A-Z a-z 0-9 - _)"});
        bits = (bits << 6 | *sextet) & 0xFFFF;
        pending += 6;
        if (pending < 8) continue;
        pending -= 8;
        out += static_cast<char>(bits >> pending);
    }
    bool whole = pending < 6 && (bits & ((1U << pending) - 1)) == 0 && text.size() - digits.size() <= 2;
    if (!whole) return std::unexpected(problem{"", "base64url that was cut off"});
    return out;
}

checked<std::string> bind_external_account(const account_key& account, std::string_view kid, std::string_view hmac_key,
                                           std::string_view new_account_url)
{
    auto key = from_base64url(hmac_key);
    if (!key || key->empty()) {
        // The text itself is a secret: it isn't repeated.
        return std::unexpected(problem{"", "the HMAC key of the external account is " +
                                               (key ? std::string("empty") : key.error().what) +
                                               ": copy it from the CA once more"});
    }
    auto header = base64url(R"({"alg":"HS256","kid":)" + json_text::quoted(kid) + R"(,"url":)" +
                            json_text::quoted(new_account_url) + '}');
    auto body = base64url(account.jwk());
    return R"({"protected":")" + header + R"(","payload":")" + body + R"(","signature":")" +
           base64url(hmac_sha256(*key, header + '.' + body)) + "\"}";
}

}  // namespace lintel::acme
