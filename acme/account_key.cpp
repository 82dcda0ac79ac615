#include "acme/account_key.hpp"

#include "tls/pem.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <stdexcept>

namespace lintel::acme {

struct account_key::inside {
    tls::key_ptr key;
    bool is_rsa = false;
};

namespace {

constexpr int coordinate_bytes = 32;  // P-256 (RFC 7518 §6.2.1.2)
constexpr int least_rsa_bits = 2048;

using number_ptr = std::unique_ptr<BIGNUM, tls::freed_by<BN_free>>;
using signature_ptr = std::unique_ptr<ECDSA_SIG, tls::freed_by<ECDSA_SIG_free>>;
using digest_ptr = std::unique_ptr<EVP_MD_CTX, tls::freed_by<EVP_MD_CTX_free>>;

[[noreturn]] void give_up(const char* what)
{
    throw std::runtime_error(std::string(what) + ": " + tls::last_openssl_error());
}

/// Big-endian; with zeros in front where it is shorter than `least_bytes`.
std::string bytes_of(const BIGNUM* number, int least_bytes = 0)
{
    auto length = std::max(BN_num_bytes(number), least_bytes);
    std::string bytes(static_cast<std::size_t>(length), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), length);
    return bytes;
}

std::string public_number(EVP_PKEY* key, const char* name, int least_bytes = 0)
{
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) give_up("the public key's numbers");
    return base64url(bytes_of(number_ptr(raw).get(), least_bytes));
}

/// SHA-256 with whatever the key is for, as OpenSSL writes it: PKCS #1 for RSA, DER for ECDSA.
std::string signature_of(EVP_PKEY* key, std::string_view text)
{
    digest_ptr digest(EVP_MD_CTX_new());
    const auto* raw = reinterpret_cast<const unsigned char*>(text.data());
    std::size_t length = 0;
    bool can = EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
               EVP_DigestSign(digest.get(), nullptr, &length, raw, text.size()) == 1;
    std::string out(length, '\0');
    if (!can ||
        EVP_DigestSign(digest.get(), reinterpret_cast<unsigned char*>(out.data()), &length, raw, text.size()) != 1)
        give_up("signing");
    out.resize(length);
    return out;
}

/// R and S side by side (RFC 7518 §3.4).
std::string side_by_side(std::string_view der)
{
    const auto* raw = reinterpret_cast<const unsigned char*>(der.data());
    signature_ptr pair(d2i_ECDSA_SIG(nullptr, &raw, static_cast<long>(der.size())));
    if (!pair) give_up("an ECDSA signature");
    return bytes_of(ECDSA_SIG_get0_r(pair.get()), coordinate_bytes) +
           bytes_of(ECDSA_SIG_get0_s(pair.get()), coordinate_bytes);
}

bool is_p256(EVP_PKEY* key)
{
    char group[32] = "";
    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
           std::string_view(group) == SN_X9_62_prime256v1;
}

}  // namespace

account_key account_key::generate()
{
    tls::key_ptr key(EVP_EC_gen("P-256"));
    if (!key) give_up("no P-256 key");
    return account_key(std::make_shared<const inside>(std::move(key), false));
}

checked<account_key> account_key::from_pem(std::string_view pem)
{
    auto key = tls::parse_key(pem);
    if (!key) {
        return std::unexpected(
            problem{"", "no private key of an account in PEM form (encrypted keys are not supported)"});
    }
    bool is_rsa = EVP_PKEY_is_a(key.get(), "RSA") == 1;
    if (is_rsa && EVP_PKEY_get_bits(key.get()) < least_rsa_bits)
        return std::unexpected(problem{"", "the account's RSA key has less than 2048 bits: no CA takes it"});
    if (!is_rsa && !is_p256(key.get()))
        return std::unexpected(problem{"", "an account's key must be ECDSA P-256 or RSA"});
    return account_key(std::make_shared<const inside>(std::move(key), is_rsa));
}

std::string account_key::pem() const { return tls::to_pem(own_->key.get()); }

std::string account_key::jwk() const
{
    auto* key = own_->key.get();
    if (own_->is_rsa) {
        return R"({"e":")" + public_number(key, OSSL_PKEY_PARAM_RSA_E) + R"(","kty":"RSA","n":")" +
               public_number(key, OSSL_PKEY_PARAM_RSA_N) + "\"}";
    }
    return R"({"crv":"P-256","kty":"EC","x":")" + public_number(key, OSSL_PKEY_PARAM_EC_PUB_X, coordinate_bytes) +
           R"(","y":")" + public_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, coordinate_bytes) + "\"}";
}

std::string account_key::thumbprint() const
{
    auto text = jwk();
    std::string digest(SHA256_DIGEST_LENGTH, '\0');
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(digest.data()));
    return base64url(digest);
}

std::string account_key::sign(std::string protected_header, std::string_view payload) const
{
    auto rest = protected_header.substr(protected_header.find('{') + 1);
    auto comma = rest.find('"') == std::string::npos ? "" : ",";
    auto header = base64url(std::string(own_->is_rsa ? R"({"alg":"RS256")" : R"({"alg":"ES256")") + comma + rest);
    auto body = base64url(payload);
    auto signature = signature_of(own_->key.get(), header + '.' + body);
    if (!own_->is_rsa) signature = side_by_side(signature);
    return R"({"protected":")" + header + R"(","payload":")" + body + R"(","signature":")" + base64url(signature) +
           "\"}";
}

}  // namespace lintel::acme
