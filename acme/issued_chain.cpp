// What of acme/certificate_key.hpp reads chains that a CA has issued.

#include "acme/account_key.hpp"
#include "acme/certificate_key.hpp"
#include "tls/pem.hpp"

#include <openssl/x509v3.h>

namespace lintel::acme {

namespace {

/// The serial number's DER without tag and length (RFC 9773 §4.1): the zero before a high bit belongs to it.
std::string serial_of(X509* leaf)
{
    auto* number = X509_get_serialNumber(leaf);
    std::string der(static_cast<std::size_t>(i2d_ASN1_INTEGER(number, nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_ASN1_INTEGER(number, &out);
    const auto* content = reinterpret_cast<const unsigned char*>(der.data());
    long length = 0;
    int tag = 0, tag_class = 0;
    ASN1_get_object(&content, &length, &tag, &tag_class, static_cast<long>(der.size()));
    return der.substr(der.size() - static_cast<std::size_t>(length));
}

}  // namespace

std::string renewal_id(std::string_view chain_pem)
{
    auto leaf = tls::parse_certificate(chain_pem);
    const auto* authority = leaf ? X509_get0_authority_key_id(leaf.get()) : nullptr;
    if (authority == nullptr) return {};
    std::string_view key_id(reinterpret_cast<const char*>(ASN1_STRING_get0_data(authority)),
                            static_cast<std::size_t>(ASN1_STRING_length(authority)));
    return base64url(key_id) + '.' + base64url(serial_of(leaf.get()));
}

std::string leaf_for_revocation(std::string_view chain_pem)
{
    auto leaf = tls::parse_certificate(chain_pem);
    if (!leaf) return {};
    std::string der(static_cast<std::size_t>(i2d_X509(leaf.get(), nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(leaf.get(), &out);
    return base64url(der);
}

std::string topmost_issuer(std::string_view chain_pem)
{
    auto chain = tls::parse_certificates(chain_pem);
    if (!chain) return {};
    auto* issuer = X509_get_issuer_name(chain->back().get());
    auto at = X509_NAME_get_index_by_NID(issuer, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* text = nullptr;
    auto length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, at)));
    if (length < 0) return {};
    std::string name(reinterpret_cast<char*>(text), static_cast<std::size_t>(length));
    OPENSSL_free(text);
    return name;
}

}  // namespace lintel::acme
