#include "tls/certificate.hpp"

#include "base/file.hpp"
#include "tests/support/tiny_server.hpp"
#include "tls/certificate_store.hpp"
#include "tls/local_ca.hpp"
#include "tls/pem.hpp"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

namespace lintel::tls {
namespace {

using namespace std::chrono_literals;

class LocalCa : public testing::Test {
protected:
    test::temporary_folder folder;
    local_ca ca = local_ca::open(folder.path()).value();
};

bool verifies(const std::string& chain_pem, const std::string& authority_pem, const char* host)
{
    auto leaf = parse_certificate(chain_pem), authority = parse_certificate(authority_pem);
    auto* trusted = X509_STORE_new();
    X509_STORE_add_cert(trusted, authority.get());
    auto* check = X509_STORE_CTX_new();
    X509_STORE_CTX_init(check, trusted, leaf.get(), nullptr);
    X509_STORE_CTX_set_purpose(check, X509_PURPOSE_SSL_SERVER);
    auto* wanted = X509_STORE_CTX_get0_param(check);
    if (host[0] >= '0' && host[0] <= '9') {
        X509_VERIFY_PARAM_set1_ip_asc(wanted, host);
    } else {
        X509_VERIFY_PARAM_set1_host(wanted, host, 0);
    }
    bool good = X509_verify_cert(check) == 1;
    X509_STORE_CTX_free(check);
    X509_STORE_free(trusted);
    return good;
}

TEST_F(LocalCa, IssuesCertificatesThatVerify)
{
    for (const char* host : {"a.example", "10.0.0.1", "localhost"}) {
        auto made = ca.issue(host);
        EXPECT_TRUE(verifies(made.chain_pem, ca.certificate_pem(), host)) << host;
        EXPECT_FALSE(verifies(made.chain_pem, ca.certificate_pem(), "other.example")) << host;
        EXPECT_TRUE(issued_by(made.chain_pem, ca.certificate_pem()));
        auto facts = inspect_certificate(made.chain_pem, made.key_pem);
        ASSERT_TRUE(facts) << facts.error().what;
        EXPECT_EQ(facts->names, std::vector<std::string>{host});
        EXPECT_EQ(facts->fingerprint.size(), 64U);
        auto now = wall_clock::now();
        EXPECT_LT(facts->not_before, now);
        EXPECT_GT(facts->not_after, now + 89 * 24h);
        EXPECT_LT(facts->not_after, now + 91 * 24h);
    }
    auto wild = ca.issue("*.a.example");
    EXPECT_TRUE(verifies(wild.chain_pem, ca.certificate_pem(), "x.a.example"));
    EXPECT_EQ(inspect_certificate(wild.chain_pem, wild.key_pem)->names, std::vector<std::string>{"*.a.example"});
    auto six = ca.issue("[::1]");
    EXPECT_EQ(inspect_certificate(six.chain_pem, six.key_pem)->names, std::vector<std::string>{"::1"});
}

TEST_F(LocalCa, IssuesForNamesLongerThanACommonName)
{
    auto host = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
    auto made = ca.issue(host);
    EXPECT_TRUE(verifies(made.chain_pem, ca.certificate_pem(), host.c_str()));
}

TEST_F(LocalCa, KeepsItsKeyToItself)
{
    struct stat what{};
    ASSERT_EQ(::stat((folder / "ca-key.pem").c_str(), &what), 0);
    EXPECT_EQ(what.st_mode & 0777, 0600U);
}

TEST_F(LocalCa, IsTheSameWhenOpenedAgain)
{
    auto before = ca.issue("a.example");
    auto again = local_ca::open(folder.path());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->certificate_pem(), ca.certificate_pem());
    EXPECT_TRUE(issued_by(before.chain_pem, again->certificate_pem()));
    EXPECT_TRUE(verifies(again->issue("b").chain_pem, ca.certificate_pem(), "b"));
}

TEST_F(LocalCa, IsAProblemWithoutItsKey)
{
    std::filesystem::remove(folder / "ca-key.pem");
    auto opened = local_ca::open(folder.path());
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().where.find("ca-key.pem"), std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(folder / "ca.pem")) << "nothing is replaced";
}

TEST_F(LocalCa, IsAProblemWithTheKeyOfAnother)
{
    test::temporary_folder other;
    ASSERT_TRUE(local_ca::open(other.path()));
    std::filesystem::copy_file(other / "ca-key.pem", folder / "ca-key.pem",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_FALSE(local_ca::open(folder.path()));
}

TEST_F(LocalCa, IsAProblemWhereAFileIsBroken)
{
    ASSERT_TRUE(file::write_atomically(folder / "ca.pem", "nonsense", 0644));
    EXPECT_FALSE(local_ca::open(folder.path()));
}

TEST(LocalCaFolder, ThatIsMissingIsAProblem) { EXPECT_FALSE(local_ca::open("/nowhere/at/all")); }

TEST_F(LocalCa, DidNotIssueTheCertificatesOfOthers)
{
    test::temporary_folder other;
    auto stranger = local_ca::open(other.path()).value();
    EXPECT_FALSE(issued_by(stranger.issue("a").chain_pem, ca.certificate_pem()));
    EXPECT_FALSE(issued_by("nonsense", ca.certificate_pem()));
    EXPECT_FALSE(issued_by(ca.issue("a").chain_pem, "nonsense"));
}

TEST_F(LocalCa, CertificateFactsNameWhatIsBroken)
{
    auto good = ca.issue("a"), other = ca.issue("b");
    struct row {
        std::string chain, key;
    };
    for (const auto& [chain, key] : {
             row{"", good.key_pem}, row{"nonsense", good.key_pem}, row{good.chain_pem, ""},
             row{good.chain_pem, "nonsense"}, row{good.chain_pem, other.key_pem}, row{good.key_pem, good.chain_pem},
             row{good.chain_pem.substr(0, good.chain_pem.size() / 2), good.key_pem},
             row{good.chain_pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", good.key_pem},
             row{ca.certificate_pem(), file::read(folder / "ca-key.pem").value()},  // names no host
         }) {
        auto facts = inspect_certificate(chain, key);
        ASSERT_FALSE(facts) << chain;
        EXPECT_FALSE(facts.error().what.empty());
        EXPECT_EQ(facts.error().what.find("PRIVATE"), std::string::npos);
    }
    EXPECT_TRUE(inspect_certificate(good.chain_pem + ca.certificate_pem(), good.key_pem)) << "a chain of two";
}

TEST(Covers, OneWholeLabelForAWildcard)
{
    struct row {
        const char *name, *host;
        bool covered;
    };
    for (auto [name, host, covered] : {
             row{"a.example", "a.example", true},
             row{"a.example", "b.a.example", false},
             row{"*.example", "a.example", true},
             row{"*.example", "b.a.example", false},
             row{"*.example", "example", false},
             row{"*.example", ".example", false},
             row{"*.example", "*.example", true},
             row{"*.b.example", "a.b.example", true},
             row{"*", "a", false},
             row{"a*.example", "ab.example", false},
             row{"", "", true},
         }) {
        EXPECT_EQ(covers(name, host), covered) << name << ' ' << host;
    }
}

class CertificateStore : public LocalCa {
protected:
    void add(const char* id, std::vector<std::string> names, bool fallback = false)
    {
        all[id] = {.names = std::move(names),
                   .chain_pem = id,
                   .key_pem = "",
                   .chain_file = "",
                   .key_file = "",
                   .fallback = fallback};
    }
    model::objects<model::certificate> all;
};

TEST_F(CertificateStore, ChoosesExactBeforeWildcardAndOthersBeforeTheFallback)
{
    add("1-fallback", {"a.x", "b.x", "only.y"}, true);
    add("2-wild", {"*.x"});
    add("3-exact", {"b.x"});
    add("4-late", {"b.x", "*.x"});
    certificate_store store(all, {});
    auto id_of = [&](const char* name) -> std::string {
        const auto* found = store.find(name);
        return found != nullptr ? found->front().id : "";
    };
    EXPECT_EQ(id_of("b.x"), "3-exact") << "the smaller id of two";
    EXPECT_EQ(id_of("a.x"), "2-wild") << "the fallback goes to any other";
    EXPECT_EQ(id_of("c.x"), "2-wild");
    EXPECT_EQ(id_of("only.y"), "1-fallback");
    for (const char* name : {"", "x", ".x", "a.b.x", "other", "*.x.y"}) EXPECT_EQ(id_of(name), "") << name;
    ASSERT_EQ(store.find("b.x")->size(), 3U);
    EXPECT_EQ(store.find("b.x")->back().id, "1-fallback");
}

TEST_F(CertificateStore, TakesOverWhatThePreviousOneHeld)
{
    add("1", {"a"});
    certificate_store first(all, {});
    add("2", {"b"});
    certificate_store second(all, first);
    auto served = [](const certificate_store& store, const char* name) {
        return store.find(name)->front().certificate;
    };
    EXPECT_EQ(served(second, "a"), served(first, "a"));
    all.erase("1");
    certificate_store third(all, second);
    EXPECT_EQ(third.find("a"), nullptr);
    EXPECT_EQ(served(third, "b"), served(second, "b"));
    all["2"].chain_pem = "another intermediate";
    EXPECT_NE(served(certificate_store(all, third), "b"), served(third, "b"));
}

TEST_F(CertificateStore, ChangesWithoutTouchingTheOldOne)
{
    add("1", {"a", "*.w"});
    add("2", {"a", "b"});
    certificate_store first(all, {});
    model::objects<model::certificate> step{
        {"3", {.names = {"a"}, .chain_pem = "3", .key_pem = "", .chain_file = "", .key_file = "", .is_default = true}}};
    std::vector<std::string> removed{"1", "unknown"};
    auto second = first.after(step, removed);
    EXPECT_EQ(second.find("a")->size(), 2U);
    EXPECT_EQ(second.find("x.w"), nullptr);
    ASSERT_NE(second.by_default(), nullptr);
    EXPECT_EQ(second.by_default()->front().id, "3");
    EXPECT_EQ(first.find("a")->size(), 2U);
    EXPECT_EQ(first.find("a")->front().id, "1");
    EXPECT_NE(first.find("x.w"), nullptr);
    EXPECT_EQ(first.by_default(), nullptr);
    removed = {"2", "3"};
    auto third = second.after({}, removed);
    EXPECT_EQ(third.find("a"), nullptr);
    EXPECT_EQ(third.by_default(), nullptr);
}

TEST_F(CertificateStore, HoldsTenThousandAndTakesOneMoreAtOnce)
{
    for (int i = 0; i < 10'000; ++i) {
        auto id = std::to_string(i);
        add(id.c_str(), {"host-" + id + ".example"});
    }
    auto start = steady_clock::now();
    certificate_store store(all, {});
    auto built = steady_clock::now();
    model::objects<model::certificate> one{
        {"x", {.names = {"new.example"}, .chain_pem = "", .key_pem = "", .chain_file = "", .key_file = ""}}};
    auto next = store.after(one, {});
    auto added = steady_clock::now();
    EXPECT_NE(next.find("new.example"), nullptr);
    EXPECT_NE(next.find("host-9999.example"), nullptr);
    auto microseconds = [](duration d) { return static_cast<int>(d / std::chrono::microseconds(1)); };
    RecordProperty("built_us", microseconds(built - start));
    RecordProperty("added_us", microseconds(added - built));
    EXPECT_LT(added - built, (built - start) / 5) << "what stays is shared";
}

}  // namespace
}  // namespace lintel::tls
