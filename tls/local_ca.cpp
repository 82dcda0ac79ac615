#include "tls/local_ca.hpp"

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "net/address.hpp"
#include "tls/pem.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace lintel::tls {

namespace fs = std::filesystem;

struct local_ca::authority {
    key_pair pair;
};

namespace {

constexpr long day_seconds = 24L * 60 * 60;
constexpr long authority_days = 3650;
constexpr long leaf_days = 90;

key_ptr new_key()
{
    key_ptr key(EVP_EC_gen("P-256"));
    if (!key) throw std::runtime_error("no P-256 key: " + last_openssl_error());
    return key;
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    if (extension == nullptr) throw std::runtime_error("certificate extension: " + last_openssl_error());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

void set_random_serial(X509* certificate)
{
    std::array<std::byte, 16> bytes{};
    crypto::random_bytes(bytes);
    bytes[0] &= std::byte{0x7F};  // positive (RFC 5280 §4.1.2.2)
    auto* number = BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
}

void set_common_name(X509_NAME* subject, const std::string& name)
{
    const auto* raw = reinterpret_cast<const unsigned char*>(name.data());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, raw, static_cast<int>(name.size()), -1, 0);
}

x509_ptr new_certificate(EVP_PKEY* key, long days)
{
    x509_ptr made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    set_random_serial(made.get());
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -day_seconds);  // clients' clocks may be behind
    X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day_seconds);
    X509_set_pubkey(made.get(), key);
    return made;
}

void sign(X509* certificate, EVP_PKEY* with)
{
    if (X509_sign(certificate, with, EVP_sha256()) == 0) throw std::runtime_error("signing: " + last_openssl_error());
}

x509_ptr new_authority(EVP_PKEY* key)
{
    auto made = new_certificate(key, authority_days);
    set_common_name(X509_get_subject_name(made.get()), "Lintel local CA " + crypto::random_hex(4));
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash");
    sign(made.get(), key);
    return made;
}

std::string alternative_name(const std::string& host)
{
    auto ip = net::address::of_ip(host, 0);
    return ip ? "IP:" + ip->ip() : "DNS:" + host;
}

result<void> make_files(const fs::path& certificate, const fs::path& key)
{
    auto fresh = new_key();
    auto made = new_authority(fresh.get());
    if (auto written = file::write_atomically(key, to_pem(fresh.get()), 0600); !written) return written;
    return file::write_atomically(certificate, to_pem(made.get()), 0644);
}

}  // namespace

local_ca::local_ca(std::unique_ptr<authority> own, std::string certificate_pem)
    : own_(std::move(own)),
      certificate_pem_(std::move(certificate_pem)),
      fingerprint_(crypto::sha256_hex(certificate_pem_))
{
}
local_ca::local_ca(local_ca&&) noexcept = default;
local_ca::~local_ca() = default;

checked<local_ca> local_ca::open(const fs::path& state)
{
    auto certificate_path = state / "ca.pem", key_path = state / "ca-key.pem";
    // The key is written first: a crash between the two leaves a key that never signed anything.
    if (!fs::exists(certificate_path)) {
        if (auto made = make_files(certificate_path, key_path); !made) {
            return std::unexpected(problem{state.string(), "can't write the local CA: " + made.error().message()});
        }
    }
    auto certificate = file::read(certificate_path), key = file::read(key_path);
    if (!certificate || !key) {
        auto& missing = certificate ? key_path : certificate_path;
        auto why = (certificate ? key : certificate).error().message();
        return std::unexpected(
            problem{missing.string(), why + "; restore it, or remove both files for a new local CA"});
    }
    auto pair = parse_pair(*certificate, *key);
    if (!pair) return std::unexpected(problem{certificate_path.string(), pair.error().what});
    auto own = std::make_unique<authority>(std::move(*pair));
    return local_ca(std::move(own), std::move(*certificate));
}

issued_certificate local_ca::issue(const std::string& host) const
{
    auto* issuer = own_->pair.leaf.get();
    auto key = new_key();
    auto leaf = new_certificate(key.get(), leaf_days);
    if (host.size() <= 64) set_common_name(X509_get_subject_name(leaf.get()), host);  // RFC 5280 ub-common-name
    X509_set_issuer_name(leaf.get(), X509_get_subject_name(issuer));
    auto unnamed = host.size() > 64 ? "critical," : "";  // RFC 5280 §4.2.1.6: critical when the subject is empty
    add_extension(leaf.get(), issuer, NID_subject_alt_name, unnamed + alternative_name(host));
    add_extension(leaf.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(leaf.get(), issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(leaf.get(), issuer, NID_ext_key_usage, "serverAuth");
    add_extension(leaf.get(), issuer, NID_authority_key_identifier, "keyid");
    sign(leaf.get(), own_->pair.key.get());
    return {to_pem(leaf.get()), to_pem(key.get())};
}

}  // namespace lintel::tls
