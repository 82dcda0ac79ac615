#include "tls/certificate.hpp"

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "tls/pem.hpp"

#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <ctime>

namespace lintel::tls {

namespace {

std::string_view bytes_of(const ASN1_STRING* text)
{
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(std::string_view raw)
{
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(raw.size() == 4 ? AF_INET : AF_INET6, raw.data(), text, sizeof text);
    return text;
}

std::vector<std::string> alternative_names(X509* leaf)
{
    std::vector<std::string> names;
    auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
        auto* name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS) names.push_back(text::lower(bytes_of(name->d.dNSName)));
        if (name->type == GEN_IPADD) names.push_back(address_text(bytes_of(name->d.iPAddress)));
    }
    GENERAL_NAMES_free(all);
    return names;
}

wall_clock::time_point to_time(const ASN1_TIME* when)
{
    std::tm parts{};
    ASN1_TIME_to_tm(when, &parts);
    return wall_clock::from_time_t(::timegm(&parts));
}

std::string der_of(X509* leaf)
{
    std::string der(static_cast<std::size_t>(i2d_X509(leaf, nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_X509(leaf, &out);
    return der;
}

checked<certificate_facts> facts_of(X509* leaf)
{
    auto names = alternative_names(leaf);
    if (names.empty()) {
        return std::unexpected(
            problem{"", "the certificate names no host in its subjectAltName; clients would refuse it"});
    }
    return certificate_facts{crypto::sha256_hex(der_of(leaf)), std::move(names), to_time(X509_get0_notBefore(leaf)),
                             to_time(X509_get0_notAfter(leaf))};
}

}  // namespace

checked<certificate_facts> inspect_certificate(std::string_view chain_pem, std::string_view key_pem)
{
    auto pair = parse_pair(chain_pem, key_pem);
    if (!pair) return std::unexpected(pair.error());
    return facts_of(pair->leaf.get());
}

checked<certificate_facts> inspect_certificate(std::string_view chain_pem)
{
    auto leaf = parse_certificate(chain_pem);
    if (!leaf) return std::unexpected(problem{"", "no certificate: " + last_openssl_error()});
    return facts_of(leaf.get());
}

bool issued_by(std::string_view chain_pem, std::string_view authority_pem)
{
    auto leaf = parse_certificate(chain_pem), authority = parse_certificate(authority_pem);
    bool issued = leaf && authority && X509_check_issued(authority.get(), leaf.get()) == X509_V_OK;
    if (!issued) last_openssl_error();
    return issued;
}

bool covers(std::string_view certificate_name, std::string_view host)
{
    if (!certificate_name.starts_with("*.")) return certificate_name == host;
    auto dot = host.find('.');
    return dot != std::string_view::npos && dot > 0 && host.substr(dot) == certificate_name.substr(1);
}

}  // namespace lintel::tls
