#include "acme/certificate_key.hpp"

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "net/address.hpp"
#include "tls/pem.hpp"

#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <stdexcept>

#include <arpa/inet.h>

namespace lintel::acme {

namespace {

constexpr const char* acme_identifier = "1.3.6.1.5.5.7.1.31";  // RFC 8737 §6.1
constexpr long day_seconds = 24L * 60 * 60;
constexpr long challenge_days = 30;
constexpr std::size_t longest_name = 253;

using request_ptr = std::unique_ptr<X509_REQ, tls::freed_by<X509_REQ_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, tls::freed_by<GENERAL_NAMES_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, tls::freed_by<X509_EXTENSION_free>>;
using octets_ptr = std::unique_ptr<ASN1_OCTET_STRING, tls::freed_by<ASN1_OCTET_STRING_free>>;
using object_ptr = std::unique_ptr<ASN1_OBJECT, tls::freed_by<ASN1_OBJECT_free>>;

void free_extensions(STACK_OF(X509_EXTENSION) * all) { sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free); }
using extensions_ptr = std::unique_ptr<STACK_OF(X509_EXTENSION), tls::freed_by<free_extensions>>;

[[noreturn]] void give_up(const char* what)
{
    throw std::runtime_error(std::string(what) + ": " + tls::last_openssl_error());
}

tls::key_ptr new_key(key_kind kind)
{
    switch (kind) {
        case key_kind::ecdsa_p256: return tls::key_ptr(EVP_EC_gen("P-256"));
        case key_kind::ecdsa_p384: return tls::key_ptr(EVP_EC_gen("P-384"));
        case key_kind::rsa_2048: return tls::key_ptr(EVP_RSA_gen(2048));
        case key_kind::rsa_4096: return tls::key_ptr(EVP_RSA_gen(4096));
    }
    return {};
}

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

/// The address's bytes in network order, 4 or 16; empty for a DNS name.
std::string address_bytes(const std::string& name)
{
    auto address = net::address::of_ip(name, 0);
    if (!address) return {};
    std::string bytes(address->family() == AF_INET ? 4 : 16, '\0');
    ::inet_pton(address->family(), address->ip().c_str(), bytes.data());
    return bytes;
}

bool is_dns_name(std::string_view name)
{
    if (name.starts_with("*.")) name.remove_prefix(2);
    auto fits = [](char c) { return text::is_alnum(c) || c == '-' || c == '.' || c == '_'; };
    return !name.empty() && name.size() <= longest_name && !name.starts_with('.') && std::ranges::all_of(name, fits);
}

/// Objects and not OpenSSL's "DNS:a,IP:b" text, in which a name could say more than its own.
void add_name(GENERAL_NAMES* all, const std::string& name)
{
    auto bytes = address_bytes(name);
    bool is_address = !bytes.empty();
    if (!is_address) bytes = text::lower(name);
    auto* value = ASN1_STRING_type_new(is_address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size()));
    auto* entry = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(entry, is_address ? GEN_IPADD : GEN_DNS, value);
    sk_GENERAL_NAME_push(all, entry);
}

names_ptr alternative_names(const std::vector<std::string>& names)
{
    names_ptr all(GENERAL_NAMES_new());
    for (const auto& each : names) add_name(all.get(), each);
    return all;
}

/// DER of an OCTET STRING with the key authorization's digest (RFC 8737 §3).
extension_ptr identifier_extension(std::string_view key_authorization)
{
    std::string der{'\x04', SHA256_DIGEST_LENGTH};
    der.resize(2 + SHA256_DIGEST_LENGTH);
    SHA256(raw(key_authorization), key_authorization.size(), reinterpret_cast<unsigned char*>(der.data()) + 2);
    octets_ptr value(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(value.get(), raw(der), static_cast<int>(der.size()));
    object_ptr id(OBJ_txt2obj(acme_identifier, 1));
    return extension_ptr(X509_EXTENSION_create_by_OBJ(nullptr, id.get(), 1, value.get()));
}

void set_serial_and_life(X509* certificate)
{
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), std::stoull(crypto::random_hex(7), nullptr, 16) + 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -day_seconds);  // the CA's clock may be behind
    X509_gmtime_adj(X509_getm_notAfter(certificate), challenge_days * day_seconds);
}

const EVP_MD* digest_for(EVP_PKEY* key) { return EVP_PKEY_get_bits(key) == 384 ? EVP_sha384() : EVP_sha256(); }

std::string der_of(X509_REQ* request)
{
    std::string der(static_cast<std::size_t>(i2d_X509_REQ(request, nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509_REQ(request, &out);
    return der;
}

}  // namespace

std::string new_certificate_key(key_kind kind)
{
    auto key = new_key(kind);
    if (!key) give_up("no key for a certificate");
    return tls::to_pem(key.get());
}

checked<std::string> certificate_request(std::string_view key_pem, const std::vector<std::string>& names)
{
    auto key = tls::parse_key(key_pem);
    if (!key) return std::unexpected(problem{"", "the certificate's private key can't be read"});
    if (names.empty()) return std::unexpected(problem{"", "a certificate needs at least one name"});
    for (const auto& each : names) {
        if (address_bytes(each).empty() && !is_dns_name(each)) {
            return std::unexpected(
                problem{"", '"' + text::printable(each) + "\" is neither a host's name nor an address"});
        }
    }
    request_ptr request(X509_REQ_new());
    extensions_ptr extensions(sk_X509_EXTENSION_new_null());
    auto* list = extensions.get();
    // RFC 5280 §4.2.1.6: critical, since the subject is empty.
    bool made = X509V3_add1_i2d(&list, NID_subject_alt_name, alternative_names(names).get(), 1, 0) == 1 &&
                X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                X509_REQ_add_extensions(request.get(), list) == 1 &&
                X509_REQ_sign(request.get(), key.get(), digest_for(key.get())) != 0;
    if (!made) give_up("a certificate request");
    return der_of(request.get());
}

challenge_pair challenge_certificate(const std::string& name, std::string_view key_authorization)
{
    auto key = new_key(key_kind::ecdsa_p256);
    tls::x509_ptr made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    set_serial_and_life(made.get());
    X509_set_pubkey(made.get(), key.get());
    auto* subject = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, raw("ACME challenge"), -1, -1, 0);
    X509_set_issuer_name(made.get(), subject);
    bool whole = X509_add1_ext_i2d(made.get(), NID_subject_alt_name, alternative_names({name}).get(), 0, 0) == 1 &&
                 X509_add_ext(made.get(), identifier_extension(key_authorization).get(), -1) == 1 &&
                 X509_sign(made.get(), key.get(), EVP_sha256()) != 0;
    if (!whole) give_up("a challenge's certificate");
    return {tls::to_pem(made.get()), tls::to_pem(key.get())};
}

std::string challenge_server_name(const std::string& name)
{
    auto bytes = address_bytes(name);
    if (bytes.empty()) return name;
    std::string reversed;
    for (auto each = bytes.rbegin(); each != bytes.rend(); ++each) {
        auto octet = static_cast<unsigned char>(*each);
        if (bytes.size() == 4) {
            reversed += std::to_string(octet) + '.';
        } else {
            auto digits = crypto::hex({&*each, 1});
            reversed += {digits[1], '.', digits[0], '.'};
        }
    }
    return reversed + (bytes.size() == 4 ? "in-addr.arpa" : "ip6.arpa");
}

}  // namespace lintel::acme
