#include "tls/ticket_keys.hpp"

#include "base/crypto.hpp"
#include "tls/server.hpp"

#include <openssl/core_names.h>
#include <cstring>
#include <stdexcept>

namespace lintel::tls {

namespace {

constexpr std::size_t name_bytes = 16, iv_bytes = 16, secret_bytes = 32;

const unsigned char* part_of(const ticket_key& key, std::size_t at)
{
    return reinterpret_cast<const unsigned char*>(key.data()) + at;
}

bool authenticate_with(const ticket_key& key, EVP_MAC_CTX* mac)
{
    auto* secret = const_cast<unsigned char*>(part_of(key, name_bytes));
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret, secret_bytes),
                           OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

const unsigned char* cipher_secret(const ticket_key& key) { return part_of(key, name_bytes + secret_bytes); }

}  // namespace

ticket_keys::ticket_keys() : cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr))
{
    if (!cipher_) throw std::runtime_error("OpenSSL has no AES-256-CBC");
    auto& own = keys_.emplace_back(ticket_key_bytes, '\0');
    crypto::random_bytes(std::as_writable_bytes(std::span(own)));
}

void ticket_keys::use(std::span<const ticket_key> newest_first)
{
    std::vector<ticket_key> fit;
    for (const auto& each : newest_first) {
        if (each.size() == ticket_key_bytes) fit.push_back(each);
    }
    if (!fit.empty()) keys_ = std::move(fit);
}

int ticket_keys::seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const
{
    const auto& key = keys_.front();
    std::memcpy(name, key.data(), name_bytes);
    crypto::random_bytes(std::as_writable_bytes(std::span(iv, iv_bytes)));
    bool ready =
        EVP_EncryptInit_ex2(cipher, cipher_.get(), cipher_secret(key), iv, nullptr) == 1 && authenticate_with(key, mac);
    return ready ? 1 : -1;
}

int ticket_keys::open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                      EVP_MAC_CTX* mac) const
{
    constexpr int unknown = 0, good = 1, good_but_renew = 2;
    for (const auto& key : keys_) {
        if (std::memcmp(name, key.data(), name_bytes) != 0) continue;
        bool ready = EVP_DecryptInit_ex2(cipher, cipher_.get(), cipher_secret(key), iv, nullptr) == 1 &&
                     authenticate_with(key, mac);
        if (!ready) return -1;
        return &key == &keys_.front() ? good : good_but_renew;
    }
    return unknown;
}

}  // namespace lintel::tls
