#pragma once
// Certificates as tests want them: any kind of key, any names, for clients too, expired if need be.

#include "tls/openssl_ptr.hpp"
#include "tls/pem.hpp"

#include <openssl/x509v3.h>

#include <string>

namespace lintel::tls {

enum class key_kind { ecdsa, rsa };

struct made_certificate {
    x509_ptr certificate;
    key_ptr key;

    std::string chain_pem() const { return to_pem(certificate.get()); }
    std::string key_pem() const { return to_pem(key.get()); }
};

struct wish {
    std::string subject = "somebody";
    std::string names{};  ///< as OpenSSL's subjectAltName: "DNS:a.example,IP:127.0.0.1"
    key_kind kind = key_kind::ecdsa;
    bool authority = false;
    long days = 1;  ///< negative: it has expired
};

/// Signed by `issuer`; by itself where there is none.
inline made_certificate make_certificate(const wish& what, const made_certificate* issuer = nullptr)
{
    made_certificate made;
    made.key.reset(what.kind == key_kind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    made.certificate.reset(X509_new());
    auto* raw = made.certificate.get();
    X509_set_version(raw, X509_VERSION_3);
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(raw), -10L * 86400);
    X509_gmtime_adj(X509_getm_notAfter(raw), what.days * 86400);
    X509_set_pubkey(raw, made.key.get());
    auto* name = X509_get_subject_name(raw);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(what.subject.c_str()),
                               -1, -1, 0);
    const auto& by = issuer != nullptr ? *issuer : made;
    X509_set_issuer_name(raw, X509_get_subject_name(by.certificate.get()));
    X509V3_CTX context;
    X509V3_set_ctx(&context, by.certificate.get(), raw, nullptr, nullptr, 0);
    auto add = [&](int kind, const std::string& value) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
        X509_add_ext(raw, extension, -1);
        X509_EXTENSION_free(extension);
    };
    add(NID_basic_constraints, what.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!what.names.empty()) add(NID_subject_alt_name, what.names);
    X509_sign(raw, by.key.get(), EVP_sha256());
    return made;
}

}  // namespace lintel::tls
