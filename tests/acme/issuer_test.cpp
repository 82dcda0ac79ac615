#include "acme/issuer.hpp"

#include "base/file.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace lintel::acme {
namespace {

using list = std::vector<std::string>;

/// The issuer "x" of such a map.
issuer read_one(const std::string& fields)
{
    auto all = read_issuers("x: {directory: 'https://ca.example.com/d', " + fields + "}");
    EXPECT_TRUE(all) << all.error().front().where << ": " << all.error().front().what;
    return all ? all->at("x") : issuer{};
}

std::string problems_of(std::string_view yaml)
{
    std::string told;
    auto all = read_issuers(yaml);
    if (all) return "none";
    for (const auto& [where, what] : all.error()) told += where + ": " + what + '\n';
    return told;
}

std::string secret_file(const std::string& content)
{
    auto path = testing::TempDir() + "lintel-secret-" + std::to_string(getpid());
    EXPECT_TRUE(file::write_atomically(path, content, 0600));
    return path;
}

TEST(Issuers, AreThereWithoutAFile)
{
    for (const auto* nothing : {"", "{}", "~"}) {
        auto all = read_issuers(nothing);
        ASSERT_TRUE(all);
        EXPECT_EQ(all->size(), 4U);
        EXPECT_EQ(all->at("letsencrypt").directory, "https://acme-v02.api.letsencrypt.org/directory");
        EXPECT_EQ(all->at("letsencrypt").staging, "letsencrypt-staging");
        EXPECT_EQ(all->at("letsencrypt").limits.orders_per_3h, 300);
        for (const auto& [name, each] : *all) {
            EXPECT_EQ(each.name, name);
            EXPECT_FALSE(each.is_private) << name;
        }
    }
}

TEST(Issuers, HaveEveryKey)
{
    auto made = read_one(R"(ca_file: /ca.pem, private: true, profile: shortlived, preferred_chain: "ISRG Root X1",
        eab: {kid: k-1, hmac: zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W}, key: rsa-4096,
        challenges: [dns-01, http-01, dns-01], staging: letsencrypt-staging,
        dns: {rfc2136: {server: "ns.example.com:5353", key_name: lintel., algorithm: hmac-sha512, secret: c2VjcmV0,
                        zone: Example.com, ttl: 30}},
        limits: {orders_per_3h: 0, certificates_per_domain_per_week: 1, duplicates_per_week: 2,
                 failures_per_name_per_hour: 3})");
    EXPECT_EQ(made.name, "x");
    EXPECT_EQ(made.directory, "https://ca.example.com/d");
    EXPECT_EQ(made.ca_file, "/ca.pem");
    EXPECT_TRUE(made.is_private);
    EXPECT_EQ(made.profile + ' ' + made.preferred_chain, "shortlived ISRG Root X1");
    ASSERT_TRUE(made.binding);
    EXPECT_EQ(made.binding->kid, "k-1");
    EXPECT_TRUE(made.binding->hmac_key.starts_with("zWND"));
    EXPECT_EQ(made.key, key_kind::rsa_4096);
    EXPECT_EQ(made.challenges, (std::vector{challenge_type::dns_01, challenge_type::http_01}));
    EXPECT_EQ(made.staging, "letsencrypt-staging");
    ASSERT_TRUE(made.rfc2136);
    EXPECT_EQ(made.rfc2136->server, "ns.example.com:5353");
    EXPECT_EQ(made.rfc2136->key_name, "lintel.");
    EXPECT_EQ(made.rfc2136->algorithm, "hmac-sha512");
    EXPECT_EQ(made.rfc2136->secret, "c2VjcmV0");
    EXPECT_EQ(made.rfc2136->zone, "Example.com");
    EXPECT_EQ(made.rfc2136->ttl_seconds, 30);
    EXPECT_EQ(made.limits.orders_per_3h, 0);
    EXPECT_EQ(made.limits.certificates_per_domain_per_week, 1);
    EXPECT_EQ(made.limits.duplicates_per_week, 2);
    EXPECT_EQ(made.limits.failures_per_name_per_hour, 3);
    EXPECT_EQ(read_one("dns: {exec: /bin/dns.sh}, challenges: dns-01").dns_exec, "/bin/dns.sh");
}

TEST(Issuers, OfTheFileRefineTheBuiltInOnes)
{
    auto all = read_issuers("letsencrypt: {profile: tlsserver}\nzerossl:\n  eab: {kid: a, hmac: YWJj}\n");
    ASSERT_TRUE(all);
    EXPECT_EQ(all->at("letsencrypt").profile, "tlsserver");
    EXPECT_EQ(all->at("letsencrypt").directory, "https://acme-v02.api.letsencrypt.org/directory");
    EXPECT_EQ(all->at("letsencrypt").staging, "letsencrypt-staging");
    EXPECT_TRUE(all->at("zerossl").binding);
    EXPECT_EQ(read_issuers("letsencrypt: {staging: ''}")->at("letsencrypt").staging, "");
}

TEST(Issuers, ArePrivateWhereTheDirectoryIsOnesOwn)
{
    struct {
        const char* url;
        bool expected;
    } rows[]{
        {"https://127.0.0.1:14000/dir", true},  {"https://[::1]/dir", true},        {"https://10.1.2.3/dir", true},
        {"https://172.32.0.1/dir", false},      {"https://[fd00::1]/d", true},      {"https://ca/directory", true},
        {"https://ca.example.com/d", false},    {"https://CA.internal/d", true},    {"https://ca.home.arpa/d", true},
        {"https://acme.localhost:8443/", true}, {"https://[2606:4700::1]/", false}, {"http://localhost:80/d", true},
        {"https://8.8.8.8/dir", false},         {"https://notlocal.com/", false}};
    for (auto [url, expected] : rows) {
        auto all = read_issuers("x: {directory: '" + std::string(url) + "'}");
        ASSERT_TRUE(all) << url;
        EXPECT_EQ(all->at("x").is_private, expected) << url;
    }
    EXPECT_FALSE(read_issuers("x: {directory: 'https://127.0.0.1/', private: false}")->at("x").is_private);
}

TEST(Issuers, SayWhatIsWrongAndWhere)
{
    const std::string directory = "directory: 'https://ca.example.com/', ";
    struct {
        std::string yaml, said;
    } rows[]{
        {"[a]", "issuers: is a map of names"},
        {"x: [", "issuers: "},
        {"x: https://ca/", "issuers.x: is a map with a directory"},
        {"x: {}", "issuers.x.directory: is missing"},
        {"x: {directroy: 'https://ca/'}", "issuers.x.directroy: unknown key; did you mean directory?"},
        {"x: {directory: 'http://ca.example.com/'}", "issuers.x.directory: \"http://ca.example.com/\" is not the URL"},
        {"x: {directory: 'https://u:p@ca/'}", "is not the URL of a directory"},
        {"x: {directory: [a]}", "issuers.x.directory: is one value"},
        {"a b: {}", "issuers.a b: is not a name for an issuer"},
        {"x: {directory: 'https://ca/'}\nx: {directory: 'https://ca/'}", "issuers.x: is there twice"},
        {"x: {" + directory + "key: ecdsa}", "issuers.x.key: \"ecdsa\" is not known; known are ecdsa-p256"},
        {"x: {" + directory + "private: yes}", "issuers.x.private: is neither true nor false"},
        {"x: {" + directory + "challenges: [http-1]}",
         "issuers.x.challenges: \"http-1\" is not known; did you mean http-01?"},
        {"x: {" + directory + "challenges: [dns-01]}", "issuers.x.challenges: dns-01 needs dns"},
        {"x: {" + directory + "staging: y}", "issuers.x.staging: \"y\" is not known"},
        {"x: {" + directory + "staging: x}", "issuers.x.staging: is the issuer itself"},
        {"x: {" + directory + "eab: {kid: a}}", "issuers.x.eab.hmac: is missing"},
        {"x: {" + directory + "eab: {hmac: YWJj}}", "issuers.x.eab.kid: is missing"},
        {"x: {" + directory + "eab: {kid: a, hmac: YWJj, hmac_file: /x}}",
         "issuers.x.eab.hmac: stands beside hmac_file"},
        {"x: {" + directory + "eab: {kid: a, hmac_file: /nonexistent/h}}",
         "issuers.x.eab.hmac_file: /nonexistent/h can't be read"},
        {"x: {" + directory + "eab: a}", "issuers.x.eab: is a map of keys"},
        {"x: {" + directory + "dns: {exec: dns.sh}}", "issuers.x.dns.exec: \"dns.sh\" is not the path"},
        {"x: {" + directory + "dns: {exec: /a, rfc2136: {server: ns}}}", "issuers.x.dns: has rfc2136 and exec"},
        {"x: {" + directory + "dns: {rfc2136: {}}}", "issuers.x.dns.rfc2136.server: is missing"},
        {"x: {" + directory + "dns: {rfc2136: {server: ns, secret: YWJj}}}",
         "issuers.x.dns.rfc2136.key_name: and secret"},
        {"x: {" + directory + "dns: {rfc2136: {server: ns, algorithm: hmac-md5}}}", "rfc2136.algorithm: \"hmac-md5\""},
        {"x: {" + directory + "dns: {rfc2136: {server: ns, ttl: 0}}}", "rfc2136.ttl: is not a whole number from 1"},
        {"x: {" + directory + "limits: {orders_per_3h: -1}}", "issuers.x.limits.orders_per_3h: is not a whole number"},
        {"x: {" + directory + "limits: {orders: 1}}", "issuers.x.limits.orders: unknown key; known are orders_per_3h"},
    };
    for (const auto& [yaml, said] : rows)
        EXPECT_TRUE(problems_of(yaml).contains(said)) << yaml << "\n" << problems_of(yaml);
}

TEST(Issuers, TellAllMistakesAtOnceAndEachOnce)
{
    EXPECT_EQ(problems_of("x: {directory: 'https://ca/', key: rsa, eab: {kid: a, hmac: '!'}}\ny: 1\n"),
              "issuers.x.eab.hmac: what stands there is not base64url, as CAs hand the key out\n"
              "issuers.x.key: \"rsa\" is not known; known are ecdsa-p256, ecdsa-p384, rsa-2048, rsa-4096\n"
              "issuers.y: is a map with a directory\n");
}

TEST(Issuers, NeverTellASecret)
{
    const std::string head = "x: {directory: 'https://ca/', ";
    for (const auto* rest : {"eab: {kid: a, hmac: 'tops!cret'}}", "eab: {kid: a, hmac: [tops!cret]}}",
                             "dns: {rfc2136: {server: ns, key_name: k, secret: 'tops!cret'}}}"}) {
        auto told = problems_of(head + rest);
        EXPECT_NE(told, "none") << rest;
        EXPECT_FALSE(told.contains("tops")) << told;
    }
    auto path = secret_file("tops!cret\n");
    auto told = problems_of(head + "eab: {kid: a, hmac_file: " + path + "}}");
    EXPECT_TRUE(told.starts_with("issuers.x.eab.hmac_file: what stands there")) << told;
    EXPECT_FALSE(told.contains("tops")) << told;
}

TEST(Issuers, HaveTheirSecretsInFiles)
{
    auto path = secret_file("c2VjcmV0\n");
    auto yaml = "x:\n  directory: https://ca/\n  eab: {kid: a, hmac_file: " + path +
                "}\n  dns: {rfc2136: {server: ns, key_name: k, secret_file: " + path + "}}\n";
    auto all = read_issuers(yaml);
    ASSERT_TRUE(all) << problems_of(yaml);
    EXPECT_EQ(all->at("x").binding->hmac_key, "c2VjcmV0");
    EXPECT_EQ(all->at("x").rfc2136->secret, "c2VjcmV0");
    auto whole = with_secrets_in_place(yaml);
    ASSERT_TRUE(whole);
    ASSERT_EQ(::unlink(path.c_str()), 0);
    EXPECT_NE(problems_of(yaml), "none");
    auto again = read_issuers(*whole);
    ASSERT_TRUE(again) << problems_of(*whole);
    EXPECT_EQ(again->at("x").binding->hmac_key, "c2VjcmV0");
    EXPECT_EQ(again->at("x").rfc2136->secret, "c2VjcmV0");
    EXPECT_FALSE(whole->contains('\n')) << *whole;
}

TEST(IssuerReferences, ToNobodyAreProblems)
{
    certificate_settings settings;
    settings.issuers = built_in_issuers();
    EXPECT_TRUE(problems_with(settings).empty());
    settings.default_issuers = {"letsencrpyt", "letsencrypt"};
    settings.resolvers = {{"le", {"zerossl"}}};
    settings.hosts = {{"*.example.com", {"mine"}}};
    auto told = problems_with(settings);
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told[0].where, "default_issuers");
    EXPECT_EQ(told[0].what, "there is no issuer letsencrpyt; did you mean letsencrypt?");
    EXPECT_EQ(told[1].where, "resolvers.le");
    EXPECT_TRUE(told[1].what.contains("write issuers.zerossl.eab")) << told[1].what;
    EXPECT_EQ(told[2].where, "host_issuers.*.example.com");
    EXPECT_TRUE(told[2].what.contains("known are google, letsencrypt, letsencrypt-staging, zerossl")) << told[2].what;
    settings.issuers.at("zerossl").binding = external_account{"kid", "YWJj"};
    EXPECT_EQ(problems_with(settings).size(), 2U);
}

TEST(Issuers, DontTakeTheNamesOfCertificatesThatNobodyOrdered)
{
    for (const char* name : {"local", "import"}) {
        auto told = problems_of(std::string(name) + ": {directory: 'https://ca.example.com/d'}");
        EXPECT_TRUE(told.contains(std::string("issuers.") + name)) << told;
    }
}

TEST(Issuers, OfOnesOwnHaveNoLimitsByDomain)
{
    auto all = read_issuers(
        "own: {directory: 'https://ca.internal/d'}\n"
        "strict: {directory: 'https://ca.internal/d', limits: {duplicates_per_week: 7}}");
    ASSERT_TRUE(all);
    EXPECT_EQ(all->at("own").limits.duplicates_per_week, 0) << "its certificates may live for a day";
    EXPECT_EQ(all->at("own").limits.certificates_per_domain_per_week, 0);
    EXPECT_EQ(all->at("own").limits.orders_per_3h, 0);
    EXPECT_EQ(all->at("strict").limits.duplicates_per_week, 7);
}

}  // namespace
}  // namespace lintel::acme
