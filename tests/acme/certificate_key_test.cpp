#include "acme/certificate_key.hpp"

#include "acme/account_key.hpp"
#include "base/crypto.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/certificate.hpp"
#include "tls/local_ca.hpp"
#include "tls/pem.hpp"

#include <openssl/x509v3.h>

#include <gtest/gtest.h>

namespace lintel::acme {
namespace {

using request_ptr = std::unique_ptr<X509_REQ, tls::freed_by<X509_REQ_free>>;

request_ptr parse_request(const std::string& der)
{
    const auto* raw = reinterpret_cast<const unsigned char*>(der.data());
    return request_ptr(d2i_X509_REQ(nullptr, &raw, static_cast<long>(der.size())));
}

/// "DNS:a.example", "IP:7F000001", in their order.
std::vector<std::string> texts_of(GENERAL_NAMES* names)
{
    std::vector<std::string> out;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
        int type = 0;
        auto* value = static_cast<ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type));
        std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                          static_cast<std::size_t>(ASN1_STRING_length(value)));
        out.push_back(type == GEN_DNS ? "DNS:" + bytes : "IP:" + crypto::hex(bytes));
    }
    GENERAL_NAMES_free(names);
    return out;
}

std::vector<std::string> names_of(X509_REQ* request)
{
    auto* extensions = X509_REQ_get_extensions(request);
    EXPECT_EQ(sk_X509_EXTENSION_num(extensions), 1);
    auto* names = X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return texts_of(static_cast<GENERAL_NAMES*>(names));
}

TEST(CertificateRequest, HasItsNamesAndNothingElse)
{
    auto key = new_certificate_key(key_kind::ecdsa_p256);
    auto der = certificate_request(key, {"A.example", "*.b.example", "127.0.0.1", "2001:db8::1", "[::1]"});
    ASSERT_TRUE(der) << der.error().what;
    auto request = parse_request(*der);
    ASSERT_TRUE(request);
    EXPECT_EQ(names_of(request.get()),
              (std::vector<std::string>{"DNS:a.example", "DNS:*.b.example", "IP:7f000001",
                                        "IP:20010db8000000000000000000000001", "IP:00000000000000000000000000000001"}));
    EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 0) << "no common name (RFC 8738 §4)";
    EXPECT_EQ(X509_REQ_verify(request.get(), tls::parse_key(key).get()), 1);
}

TEST(CertificateRequest, IsSignedByEachKindOfKey)
{
    using enum key_kind;
    for (auto [kind, bits] : {std::pair(ecdsa_p256, 256), {ecdsa_p384, 384}, {rsa_2048, 2048}, {rsa_4096, 4096}}) {
        auto pem = new_certificate_key(kind);
        EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----")) << "PKCS #8";
        auto key = tls::parse_key(pem);
        EXPECT_EQ(EVP_PKEY_get_bits(key.get()), bits);
        auto request = parse_request(certificate_request(pem, {"a.example"}).value());
        EXPECT_EQ(X509_REQ_verify(request.get(), key.get()), 1) << bits;
    }
}

TEST(CertificateRequest, RefusesWhatIsNoName)
{
    auto key = new_certificate_key(key_kind::ecdsa_p256);
    for (const char* each : {"", "a.example,DNS:b.example", "*", "*.", ".a", "a b", "a\n", "a/b", "ä.example"}) {
        EXPECT_FALSE(certificate_request(key, {"fine.example", each})) << each;
    }
    EXPECT_FALSE(certificate_request(key, {}));
    auto no_key = certificate_request("secret", {"a.example"});
    ASSERT_FALSE(no_key);
    EXPECT_FALSE(no_key.error().what.contains("secret"));
}

TEST(ChallengeCertificate, HasOneNameAndTheDigestInACriticalExtension)
{
    for (auto [name, text] : {std::pair("a.example", "DNS:a.example"), {"10.0.0.1", "IP:0a000001"}}) {
        auto pair = challenge_certificate(name, "token.thumbprint");
        EXPECT_TRUE(tls::inspect_certificate(pair.chain_pem, pair.key_pem)) << "a whole pair";
        auto leaf = tls::parse_certificate(pair.chain_pem);
        ASSERT_TRUE(leaf);
        auto* names = X509_get_ext_d2i(leaf.get(), NID_subject_alt_name, nullptr, nullptr);
        EXPECT_EQ(texts_of(static_cast<GENERAL_NAMES*>(names)), std::vector<std::string>{text});

        auto* id = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
        auto at = X509_get_ext_by_OBJ(leaf.get(), id, -1);
        ASN1_OBJECT_free(id);
        ASSERT_GE(at, 0);
        auto* extension = X509_get_ext(leaf.get(), at);
        EXPECT_EQ(X509_EXTENSION_get_critical(extension), 1);
        auto* value = X509_EXTENSION_get_data(extension);
        std::string bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                          static_cast<std::size_t>(ASN1_STRING_length(value)));
        EXPECT_EQ(crypto::hex(bytes), "0420" + crypto::sha256_hex("token.thumbprint")) << "an OCTET STRING in DER";
        EXPECT_EQ(X509_verify(leaf.get(), X509_get0_pubkey(leaf.get())), 1) << "self-signed";
    }
}

TEST(ChallengeServerName, IsTheReverseNameForAddresses)
{
    EXPECT_EQ(challenge_server_name("a.example"), "a.example");
    EXPECT_EQ(challenge_server_name("192.0.2.1"), "1.2.0.192.in-addr.arpa");
    EXPECT_EQ(challenge_server_name("2001:db8::1"),
              "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

// RFC 9773, appendix A: its serial number has a zero before a high bit.
constexpr std::string_view rfc_certificate = R"(-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
)";

TEST(IssuedChain, IsNamedAsTheExampleOfRfc9773)
{
    EXPECT_EQ(renewal_id(rfc_certificate), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    auto without = challenge_certificate("a.example", "x");
    EXPECT_EQ(renewal_id(without.chain_pem), "") << "no AKI";
    EXPECT_EQ(renewal_id("nothing"), "");
}

TEST(IssuedChain, SaysWhoIsAtItsTop)
{
    EXPECT_EQ(topmost_issuer(rfc_certificate), "Example CA");
    test::temporary_folder folder;
    auto ca = tls::local_ca::open(folder.path()).value();
    auto leaf = ca.issue("a.example");
    EXPECT_TRUE(topmost_issuer(leaf.chain_pem).starts_with("Lintel local CA "));
    EXPECT_EQ(topmost_issuer(leaf.chain_pem + std::string(rfc_certificate)), "Example CA") << "the last one's issuer";
    EXPECT_EQ(topmost_issuer("nothing"), "");
}

TEST(IssuedChain, IsRevokedByItsLeaf)
{
    auto der = from_base64url(leaf_for_revocation(rfc_certificate));
    ASSERT_TRUE(der);
    auto facts = crypto::sha256_hex(*der);
    auto leaf = tls::parse_certificate(rfc_certificate);
    unsigned char digest[32];
    ASSERT_EQ(X509_digest(leaf.get(), EVP_sha256(), digest, nullptr), 1);
    EXPECT_EQ(facts, crypto::hex({reinterpret_cast<const char*>(digest), sizeof digest}));
    EXPECT_EQ(leaf_for_revocation("nothing"), "");
}

}  // namespace
}  // namespace lintel::acme
