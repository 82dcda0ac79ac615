#include "acme/import.hpp"

#include "base/crypto.hpp"
#include "base/file.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/certificate.hpp"
#include "tls/local_ca.hpp"
#include "tls/openssl_ptr.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <nlohmann/json.hpp>

namespace lintel::acme {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using key_pair = tls::issued_certificate;

std::string content_of(BIO* memory)
{
    char* text = nullptr;
    auto size = BIO_get_mem_data(memory, &text);
    return {text, static_cast<std::size_t>(size)};
}

/// PKCS #1 for RSA, SEC 1 for EC: as Go writes keys.
std::string traditional(EVP_PKEY* key)
{
    tls::bio_ptr out(BIO_new(BIO_s_mem()));
    EXPECT_EQ(PEM_write_bio_PrivateKey_traditional(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
    return content_of(out.get());
}

/// A self-signed certificate for a.example with the key that is given.
std::string certificate_for(EVP_PKEY* key, const EVP_MD* digest)
{
    tls::x509_ptr made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 90 * 24 * 3600);
    X509_set_pubkey(made.get(), key);
    auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:a.example");
    X509_add_ext(made.get(), names, -1);
    X509_EXTENSION_free(names);
    EXPECT_GT(X509_sign(made.get(), key, digest), 0);
    tls::bio_ptr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), made.get());
    return content_of(out.get());
}

class Import : public testing::Test {
protected:
    json traefik(const std::string& name, const key_pair& made)
    {
        return {{"domain", {{"main", name}, {"sans", {"x." + name}}}},
                {"certificate", crypto::base64(made.chain_pem)},
                {"key", crypto::base64(made.key_pem)},
                {"Store", "default"}};
    }

    json resolver(const json& certificates)
    {
        return {{"Account", {{"Email", "me@example"}, {"PrivateKey", "AAAA"}, {"KeyType", "4096"}}},
                {"Certificates", certificates}};
    }

    void write(const std::string& below, const std::string& content)
    {
        auto path = std::filesystem::path(folder / below);
        ASSERT_TRUE(file::make_folder(path.parent_path(), 0700));
        ASSERT_TRUE(file::write_atomically(path, content, 0600));
    }

    void write_caddy(const std::string& issuer, const std::string& name, const key_pair& made)
    {
        auto stem = "certificates/" + issuer + "/" + name + "/" + name;
        write(stem + ".crt", made.chain_pem);
        write(stem + ".key", made.key_pem);
        write(stem + ".json", R"({"sans": ["x"], "issuer_data": {}})");
    }

    import_result import(const std::string& below = "")
    {
        auto found = import_from(folder / below);
        EXPECT_TRUE(found) << found.error().what;
        return found ? std::move(*found) : import_result{};
    }

    std::vector<std::string> first_names(const import_result& found)
    {
        std::vector<std::string> names;
        for (const auto& each : found.certificates) names.push_back(each.names.front());
        return names;
    }

    void expect_only(const import_result& found, const key_pair& made)
    {
        ASSERT_EQ(found.certificates.size(), 1U);
        EXPECT_TRUE(found.problems.empty()) << found.problems.front().what;
        auto facts = tls::inspect_certificate(made.chain_pem, made.key_pem).value();
        store::certificate_record expected;
        expected.id = facts.fingerprint;
        expected.names = facts.names;
        expected.issuer = "import";
        expected.chain_pem = made.chain_pem;
        expected.key_pem = made.key_pem;
        expected.not_before = facts.not_before;
        expected.not_after = facts.not_after;
        EXPECT_EQ(found.certificates.front(), expected);
    }

    test::temporary_folder folder, authority;
    tls::local_ca ca = tls::local_ca::open(authority.path()).value();
    key_pair a = ca.issue("a.example"), wild = ca.issue("*.b.example");
    std::string file = "acme.json";
};

using Names = std::vector<std::string>;

TEST_F(Import, ReadsTheCertificatesOfAllResolversOfTraefik)
{
    json whole{{"le", resolver(json::array({traefik("a.example", a)}))},
               {"dns", resolver({traefik("*.b.example", wild), traefik("a.example", a)})},
               {"unused", resolver(nullptr)},
               {"never", nullptr}};
    write(file, whole.dump(2));
    auto found = import(file);
    EXPECT_TRUE(found.problems.empty());
    EXPECT_EQ(first_names(found), (Names{"*.b.example", "a.example"})) << "each once";
    EXPECT_EQ(first_names(import()), first_names(found)) << "by its folder";
}

TEST_F(Import, KeepsAllThatACertificateSays)
{
    write(file, json{{"le", resolver(json::array({traefik("a.example", a)}))}}.dump());
    expect_only(import(file), a);
}

TEST_F(Import, ReadsBothLayoutsOfTraefik1)
{
    json old{{"Domain", {{"Main", "a.example"}, {"SANs", nullptr}}},
             {"Certificate", crypto::base64(a.chain_pem)},
             {"Key", crypto::base64(a.key_pem)}};
    json whole{{"Account", {{"Email", "me@example"}}}, {"Certificates", {old}}, {"HTTPChallenges", json::object()}};
    write(file, whole.dump());
    expect_only(import(file), a);

    json oldest{{"Domains", {{"Main", "a.example"}, {"SANs", nullptr}}},
                {"Certificate",
                 {{"Domain", "a.example"},
                  {"CertURL", "https://ca.example/1"},
                  {"PrivateKey", crypto::base64(a.key_pem)},
                  {"Certificate", crypto::base64(a.chain_pem)}}}};
    whole = {{"Email", "me@example"}, {"PrivateKey", "AAAA"}, {"DomainsCertificate", {{"Certs", {oldest}}}}};
    write(file, whole.dump());
    expect_only(import(file), a);
}

TEST_F(Import, HasNothingToTakeFromAnEmptyFile)
{
    for (const char* content : {"", "\n", "{}", R"({"le": {"Account": null, "Certificates": null}})"}) {
        write(file, content);
        auto found = import(file);
        EXPECT_TRUE(found.certificates.empty() && found.problems.empty()) << content;
    }
}

TEST_F(Import, LeavesOutWhatIsBrokenAndNamesIt)
{
    auto with = [&](const char* field, const json& value) {
        auto spoilt = traefik(std::string("bad.") + field, a);
        spoilt[field] = value;
        return spoilt;
    };
    auto cut = a.chain_pem.substr(0, a.chain_pem.size() / 2);
    json whole{{"le", resolver({traefik("stranger.example", {a.chain_pem, wild.key_pem}),
                                with("certificate", crypto::base64(cut)), with("key", "!!!!"), with("key", 7),
                                with("certificate", "===="), traefik("*.b.example", wild), "nonsense", nullptr})}};
    write(file, whole.dump());
    auto found = import(file);
    EXPECT_EQ(first_names(found), Names{"*.b.example"});
    ASSERT_EQ(found.problems.size(), 4U) << "what is empty is not there for Traefik either";
    EXPECT_TRUE(found.problems[0].what.contains("'stranger.example'") &&
                found.problems[0].what.contains("does not belong"))
        << found.problems[0].what;
    EXPECT_TRUE(found.problems[1].what.contains("'bad.certificate'")) << found.problems[1].what;
    EXPECT_TRUE(found.problems[2].what.contains("its key is not base64")) << found.problems[2].what;
    for (const auto& each : found.problems) {
        EXPECT_EQ(each.where, folder / file);
        EXPECT_FALSE(each.what.contains(wild.key_pem.substr(40, 20))) << each.what;
    }
}

TEST_F(Import, LeavesOutWhatHasExpired)
{
    write(file, json{{"le", resolver(json::array({traefik("a.example", a)}))}}.dump());
    auto end = tls::inspect_certificate(a.chain_pem).value().not_after;
    EXPECT_EQ(import_from(folder / file, end - 1s).value().certificates.size(), 1U);
    auto late = import_from(folder / file, end + 49h).value();
    EXPECT_TRUE(late.certificates.empty());
    ASSERT_EQ(late.problems.size(), 1U);
    EXPECT_TRUE(late.problems[0].what.contains("'a.example' is left out: it expired 2 days ago"))
        << late.problems[0].what;
}

TEST_F(Import, RefusesWhatIsNoStoreOfCertificatesWithoutQuotingIt)
{
    for (const char* content : {"SECRET", "{\"SECRET", "[]", "null", "7", R"({"services": {"a": "SECRET"}})",
                                R"({"le": "SECRET"})", R"({"Certificates": "SECRET"})"}) {
        write(file, content);
        auto found = import_from(folder / file);
        ASSERT_FALSE(found) << content;
        EXPECT_EQ(found.error().where, folder / file);
        EXPECT_FALSE(found.error().what.contains("SECRET")) << found.error().what;
    }
    EXPECT_FALSE(import_from(folder / "nothing"));
    EXPECT_FALSE(import_from(authority.path())) << "a folder with neither";
    EXPECT_FALSE(read_caddy_folder(folder / "nothing"));
}

TEST_F(Import, ReadsTheFoldersOfCaddy)
{
    write_caddy("acme-v02.api.letsencrypt.org-directory", "a.example", a);
    write_caddy("acme.zerossl.com-v2-dv90", "wildcard_.b.example", wild);
    write("certificates/acme.zerossl.com-v2-dv90/under-way.example/under-way.example.key", "KEY");
    write("certificates/stray", "");
    for (const char* below : {"", "certificates", "certificates/"}) {
        auto found = import(below);
        EXPECT_TRUE(found.problems.empty());
        EXPECT_EQ(first_names(found), (Names{"a.example", "*.b.example"})) << below;
        EXPECT_EQ(found.certificates.at(0).key_pem, a.key_pem);
    }
    std::filesystem::create_directory(folder / "caddy");
    std::filesystem::rename(folder / "certificates", folder / "caddy/certificates");
    EXPECT_EQ(first_names(import()).size(), 2U) << "the volume of its image";
}

TEST_F(Import, LeavesOutWhatCaddyMadeItselfOrRehearsed)
{
    write_caddy("local", "a.example", a);
    write_caddy("acme-staging-v02.api.letsencrypt.org-directory", "wildcard_.b.example", wild);
    auto read = read_caddy_folder(folder / "certificates");
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->certificates.empty());
    EXPECT_EQ(read->problems.size(), 2U);
}

TEST_F(Import, NamesTheFilesOfCaddyThatItLeavesOut)
{
    write_caddy("ca", "a.example", {a.chain_pem, wild.key_pem});
    write_caddy("ca", "c.example", ca.issue("c.example"));
    write_caddy("ca", "wildcard_.b.example", wild);
    auto site = folder / "certificates/ca/";
    std::filesystem::remove(site + "c.example/c.example.key");
    auto found = import();
    EXPECT_EQ(first_names(found), Names{"*.b.example"});
    ASSERT_EQ(found.problems.size(), 2U);
    EXPECT_EQ(found.problems[0].where, site + "a.example/a.example.crt");
    EXPECT_EQ(found.problems[1].where, site + "c.example/c.example.key");
}

TEST_F(Import, KeepsKeysOfEveryKindAsPkcs8)
{
    tls::key_ptr rsa(EVP_RSA_gen(2048)), ec(EVP_EC_gen("P-384")), ed(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    tls::bio_ptr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PKCS8PrivateKey(out.get(), ed.get(), nullptr, nullptr, 0, nullptr, nullptr);
    auto ed_text = content_of(out.get());
    for (auto at = ed_text.find("PRIVATE"); at != ed_text.npos; at = ed_text.find("PRIVATE", at + 10))
        ed_text.insert(at, "ED25519 ");  // the label that Caddy gives it

    struct kind {
        std::string label, chain, key;
    };
    for (const auto& [label, chain, key] :
         {kind{"RSA", certificate_for(rsa.get(), EVP_sha256()), traditional(rsa.get())},
          kind{"EC", certificate_for(ec.get(), EVP_sha256()), traditional(ec.get())},
          kind{"ED25519", certificate_for(ed.get(), nullptr), ed_text}}) {
        ASSERT_TRUE(key.starts_with("-----BEGIN " + label + " PRIVATE KEY-----")) << label;
        write_caddy("ca", label, {chain, key});
        auto found = import();
        ASSERT_EQ(found.certificates.size(), 1U) << label;
        EXPECT_TRUE(found.problems.empty());
        EXPECT_TRUE(found.certificates[0].key_pem.starts_with("-----BEGIN PRIVATE KEY-----")) << label;
        EXPECT_TRUE(tls::inspect_certificate(chain, found.certificates[0].key_pem)) << label;
        std::filesystem::remove_all(folder / "certificates");
    }
}

}  // namespace
}  // namespace lintel::acme
