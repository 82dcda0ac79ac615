#include "acme/account_key.hpp"

#include "tls/pem.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace lintel::acme {
namespace {

using nlohmann::json;

// The keys of RFC 7515, appendices A.2 and A.3, as PKCS #8.
constexpr std::string_view rfc_rsa_key = R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO
jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL
aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn
juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5
ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf
toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg
VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW
PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G
O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj
kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6
XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB
4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K
pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr
0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE
lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6
kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP
rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw
kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp
5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2
9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/
evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG
yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj
OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2
tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3
ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56
03k2+ZQwVK0JKSHuLFkuQ3U=
-----END PRIVATE KEY-----
)";
constexpr std::string_view rfc_ec_key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff
H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp
7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt
-----END PRIVATE KEY-----
)";
constexpr std::string_view rfc_payload =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

TEST(AccountKey, SignsAsTheExampleOfRfc7515Does)
{
    auto key = account_key::from_pem(rfc_rsa_key);
    ASSERT_TRUE(key) << key.error().what;
    auto jws = json::parse(key->sign("{}", rfc_payload));
    EXPECT_EQ(jws["protected"], "eyJhbGciOiJSUzI1NiJ9");
    EXPECT_EQ(jws["payload"],
              "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
              "Ijp0cnVlfQ");
    EXPECT_EQ(jws["signature"],
              "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9"
              "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB"
              "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"
              "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
}

TEST(AccountKey, ShowsItsPublicHalfAsRfc7638Orders)
{
    auto key = account_key::from_pem(rfc_ec_key).value();
    EXPECT_EQ(key.jwk(), R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                         R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
    EXPECT_EQ(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    EXPECT_EQ(account_key::from_pem(rfc_rsa_key)->thumbprint(), "IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8");
}

/// Whether OpenSSL finds the signature of an ES256 JWS right.
bool verifies(const std::string& text, std::string_view key_pem)
{
    auto jws = json::parse(text);
    auto signature = from_base64url(jws["signature"].get<std::string>()).value();
    if (signature.size() != 64) return false;
    auto half = [&](std::size_t at) {
        return BN_bin2bn(reinterpret_cast<const unsigned char*>(signature.data()) + at, 32, nullptr);
    };
    auto* pair = ECDSA_SIG_new();
    ECDSA_SIG_set0(pair, half(0), half(32));
    unsigned char* der = nullptr;
    auto length = i2d_ECDSA_SIG(pair, &der);
    auto signed_text = jws["protected"].get<std::string>() + '.' + jws["payload"].get<std::string>();
    auto key = tls::parse_key(key_pem);
    auto* digest = EVP_MD_CTX_new();
    bool right = EVP_DigestVerifyInit(digest, nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                 EVP_DigestVerify(digest, der, static_cast<std::size_t>(length),
                                  reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size()) == 1;
    EVP_MD_CTX_free(digest);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return right;
}

// R and S have leading zeros in one of 128 signatures: they must not be left out.
TEST(AccountKey, SignaturesOfP256AreTwoWholeNumbers)
{
    auto key = account_key::from_pem(rfc_ec_key).value();
    for (int i = 0; i < 600; ++i) ASSERT_TRUE(verifies(key.sign(R"({"nonce":"x"})", rfc_payload), rfc_ec_key)) << i;
    EXPECT_FALSE(verifies(key.sign("{}", rfc_payload), account_key::generate().pem()));
}

TEST(AccountKey, HeadersGetTheAlgorithmAndPostAsGetHasNoPayload)
{
    auto jws = json::parse(account_key::generate().sign(R"({"kid":"https://ca/1","url":"https://ca/2"})", ""));
    EXPECT_EQ(jws["payload"], "");
    EXPECT_EQ(from_base64url(jws["protected"].get<std::string>()),
              R"({"alg":"ES256","kid":"https://ca/1","url":"https://ca/2"})");
}

TEST(AccountKey, AreReadBackFromTheirPem)
{
    auto made = account_key::generate();
    EXPECT_EQ(account_key::from_pem(made.pem())->jwk(), made.jwk());
    EXPECT_NE(account_key::generate().jwk(), made.jwk());
}

TEST(AccountKey, OtherKindsAreRefused)
{
    tls::key_ptr p384(EVP_EC_gen("P-384")), small(EVP_RSA_gen(1024)),
        ed(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    for (auto* each : {p384.get(), small.get(), ed.get()}) {
        auto read = account_key::from_pem(tls::to_pem(each));
        ASSERT_FALSE(read);
        EXPECT_FALSE(read.error().what.contains("BEGIN"));
    }
    EXPECT_FALSE(account_key::from_pem(""));
    EXPECT_FALSE(account_key::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
}

// The HMAC key is RFC 7515's of appendix A.1; the signature was computed with another program.
TEST(ExternalBinding, IsAnHmacOverTheAccountsKey)
{
    auto key = account_key::from_pem(rfc_ec_key).value();
    std::string secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    auto bound = bind_external_account(key, "kid-1", secret, "https://ca.example/new-account");
    ASSERT_TRUE(bound);
    auto jws = json::parse(*bound);
    EXPECT_EQ(from_base64url(jws["protected"].get<std::string>()),
              R"({"alg":"HS256","kid":"kid-1","url":"https://ca.example/new-account"})");
    EXPECT_EQ(from_base64url(jws["payload"].get<std::string>()), key.jwk());
    EXPECT_EQ(jws["signature"], "aBflegcdYaQ-B9MSLOIO9tP8bHBmHrcFxl4F2lax008");
    EXPECT_EQ(bind_external_account(key, "kid-1", secret + "==", "https://ca.example/new-account"), bound);
}

TEST(ExternalBinding, DoesNotRepeatASecretThatItCantRead)
{
    for (std::string secret : {"", "sec+ret", "secret!", "secre"}) {
        auto bound = bind_external_account(account_key::generate(), "kid-1", secret, "https://ca.example/");
        ASSERT_FALSE(bound) << secret;
        if (!secret.empty()) EXPECT_FALSE(bound.error().what.contains(secret)) << bound.error().what;
    }
}

TEST(Base64Url, IsReadBack)
{
    using pair = std::pair<std::string, std::string>;
    for (const auto& [bytes, text] : {pair("", ""), pair("f", "Zg"), pair("fo", "Zm8"), pair("foo", "Zm9v"),
                                      pair("foob", "Zm9vYg"), pair("\xfb\xff\xfe", "-__-")}) {
        EXPECT_EQ(base64url(bytes), text);
        EXPECT_EQ(from_base64url(text), bytes);
    }
    EXPECT_EQ(from_base64url("Zg=="), "f");
    for (const char* bad : {"Z", "Zm9v+", "Zm9v/", "Zg===", "Zh", "Z g", "Zg==Zg"}) {
        EXPECT_FALSE(from_base64url(bad)) << bad;
    }
}

}  // namespace
}  // namespace lintel::acme
